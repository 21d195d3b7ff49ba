"""What a profile costs the words: those that a recogniser hears otherwise than in the untouched sound."""

import re
from collections.abc import Sequence

import numpy as np
import soxr

from anonymizer.evaluation.attackers import CERTAIN, RESAMPLES, Rate
from anonymizer.evaluation.speakers import RATE
from anonymizer.sound import Samples
from anonymizer.speech.words import RATE as RECOGNISED
from anonymizer.speech.words import Recogniser

FEWEST = 3  # words in an utterance, for it to count


def heard(recogniser: Recogniser, samples: Samples, language: str) -> list[str]:
    """Raises NotRecognised."""
    words = recogniser.words(soxr.resample(samples, RATE, RECOGNISED), language, None)
    return re.findall(r"\w+", " ".join(word.text for word in words).lower())


def errors(wanted: list[str], got: list[str]) -> int:
    """Words put in, left out or changed (Levenshtein)."""
    row = list(range(len(got) + 1))
    for number, word in enumerate(wanted, 1):
        before, row[0] = row[0], number
        for column, other in enumerate(got, 1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (word != other))
    return row[-1]


def changed(texts: Sequence[tuple[list[str], list[str]]], seed: int = 0) -> Rate:
    """Of (what was heard before, and after) in each utterance; the interval is of a bootstrap over them."""
    counts = np.array([(errors(before, after), len(before)) for before, after in texts if len(before) >= FEWEST])
    if not len(counts):
        return Rate(float("nan"), float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    drawn = [rng.choice(counts, len(counts)).sum(axis=0) for _ in range(RESAMPLES)]
    wrong, every = counts.sum(axis=0)
    return Rate(float(100 * wrong / every), *np.percentile([100 * one / of for one, of in drawn], CERTAIN))
