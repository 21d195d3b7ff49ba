"""What an attacker with a speaker verifier makes of anonymised speech, pure: embeddings in, rates out.

The attackers are those of the VoicePrivacy challenges. The *ignorant* compares the original voice with anonymised
speech; the *lazy-informed* anonymises the known voice first, by a draw of their own; the *semi-informed* has besides
trained on anonymised speech of others. Embeddings are rows of an array; row i of each belongs to speaker i.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FOLDS = 6
SHRINK = 0.1  # of the within-speaker covariance, towards its mean variance: there are fewer voices than dimensions
RESAMPLES = 500
CERTAIN = (2.5, 97.5)  # percentiles


@dataclass(frozen=True)
class Rate:
    """A rate in %, and its interval of 95 %."""

    value: float
    low: float
    high: float


def cosine(known: Floats, heard: Floats) -> Floats:
    """The score of each known voice (row) with each that is heard (column)."""
    return _unit(known) @ _unit(heard).T


def trained(known: Floats, heard: Floats, others: Floats, seed: int = 0) -> Floats:
    """As `cosine`, after within-class covariance normalisation (A. Hatch and others, 2006) learnt from `others`, shape
    (speakers, utterances, dimensions), of which never the two speakers that are compared."""
    fold = np.random.default_rng(seed).permutation(len(known)) % FOLDS
    scores = np.zeros((len(known), len(heard)))
    for first in range(FOLDS):
        for second in range(first, FOLDS):
            centre, white = _backend(others[(fold != first) & (fold != second)])
            one, other = (known - centre) @ white, (heard - centre) @ white
            here = np.outer(fold == first, fold == second) | np.outer(fold == second, fold == first)
            scores[here] = cosine(one, other)[here]
    return scores


def best(tries: Sequence[Floats]) -> Floats:
    """Of who anonymises the known voice several times and believes, of each pair of voices, the try that fits best.
    Each try counts by how far it stands out among its own scores: some draws are like every voice."""
    known: Floats = np.max([(one - one.mean()) / max(float(one.std()), 1e-12) for one in tries], axis=0)
    return known


def equal_error(scores: Floats, group: NDArray[np.int64], seed: int = 0) -> Rate:
    """The equal error rate of trials within a group of like voices; the interval is of a bootstrap over speakers."""
    rng, everybody = np.random.default_rng(seed), np.arange(len(scores))
    drawn = [_equal_error(scores, group, rng.choice(everybody, len(scores))) for _ in range(RESAMPLES)]
    return Rate(_equal_error(scores, group, everybody), *np.nanpercentile(drawn, CERTAIN))


def first_rank(scores: Floats, seed: int = 0) -> Rate:
    """How often the right voice of all has the best score."""
    return _mean((scores.argmax(axis=0) == np.arange(len(scores))) * 100.0, seed)


def too_alike(originals: Floats, copies: Floats, bound: float, seed: int = 0) -> Rate:
    """How often a copy, shape (speakers, utterances, draws, dimensions), and its original, shape (speakers, utterances,
    dimensions), have a cosine above `bound`."""
    over = np.einsum("sud,sucd->suc", _unit(originals), _unit(copies)) > bound
    return _mean(over.mean(axis=(1, 2)) * 100.0, seed)


def linkability(scores: Floats, group: NDArray[np.int64], seed: int = 0) -> Rate:
    """How far scores link pieces of one speaker, 0 to 100: the global measure of M. Gomez-Barrero and others (2018),
    with as many trials of one speaker as of two believed possible."""
    rng, everybody = np.random.default_rng(seed), np.arange(len(scores))
    drawn = [_linkability(scores, group, rng.choice(everybody, len(scores))) for _ in range(RESAMPLES)]
    return Rate(_linkability(scores, group, everybody), *np.nanpercentile(drawn, CERTAIN))


def _mean(of_speakers: Floats, seed: int) -> Rate:
    """The mean of a rate that each speaker has; the interval is of a bootstrap over them."""
    drawn = np.random.default_rng(seed).choice(of_speakers, (RESAMPLES, len(of_speakers))).mean(axis=1)
    return Rate(float(of_speakers.mean()), *np.percentile(drawn, CERTAIN))


def _trials(scores: Floats, group: NDArray[np.int64], speakers: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Sorted scores of one speaker with themselves, and with others of their group."""
    chosen = scores[np.ix_(speakers, speakers)]
    same = speakers[:, None] == speakers[None, :]
    like = group[speakers][:, None] == group[speakers][None, :]
    return np.sort(np.diag(chosen)), np.sort(chosen[like & ~same])


def _linkability(scores: Floats, group: NDArray[np.int64], speakers: NDArray[np.int64]) -> float:
    mated, others = _trials(scores, group, speakers)
    if not others.size:
        return float("nan")
    edges = np.quantile(mated, np.linspace(0, 1, max(2, len(mated) // 10) + 1))
    edges[-1] = np.inf
    one, other = (np.histogram(part, edges)[0] / len(part) for part in (mated, others))
    local = np.clip((one - other) / np.maximum(one + other, 1e-12), 0, None)
    return float(100 * np.sum(local * one))


def _equal_error(scores: Floats, group: NDArray[np.int64], speakers: NDArray[np.int64]) -> float:
    mated, others = _trials(scores, group, speakers)
    if not others.size:  # of few speakers, a bootstrap may draw one alone
        return float("nan")
    bounds = np.concatenate([mated, others])
    missed = np.searchsorted(mated, bounds) / len(mated)
    accepted = 1 - np.searchsorted(others, bounds) / len(others)
    best = np.abs(missed - accepted).argmin()
    return float(50 * (missed[best] + accepted[best]))


def _backend(others: Floats) -> tuple[Floats, Floats]:
    means = others.mean(axis=1, keepdims=True)
    within = (others - means).reshape(-1, others.shape[2])
    covariance = within.T @ within / len(within)
    size = len(covariance)
    covariance = (1 - SHRINK) * covariance + SHRINK * np.trace(covariance) / size * np.eye(size)
    values, vectors = np.linalg.eigh(covariance)
    return means.mean(axis=0)[0], vectors / np.sqrt(values)


def _unit(rows: Floats) -> Floats:
    unit: Floats = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return unit
