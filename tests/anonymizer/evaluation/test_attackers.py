import numpy as np
import pytest

from anonymizer.evaluation.attackers import best, cosine, equal_error, first_rank, linkability, too_alike, trained

SPEAKERS, SIZE = 60, 32


def voices(noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    people = rng.normal(0, 1, (SPEAKERS, 1, SIZE))
    heard = people + noise * rng.normal(0, 1, (SPEAKERS, 6, SIZE))
    return heard, np.zeros(SPEAKERS, np.int64)


def test_voices_that_are_told_apart_and_voices_that_are_not() -> None:
    clear, group = voices(0.2)
    scores = cosine(clear[:, 0], clear[:, 1])
    assert equal_error(scores, group).value < 2 and first_rank(scores).value > 95
    lost, group = voices(100.0)
    rate = equal_error(cosine(lost[:, 0], lost[:, 1]), group)
    assert rate.low < 50 < rate.high and rate.low < rate.value < rate.high


def test_a_known_rate() -> None:
    scores = np.full((4, 4), 0.0)
    np.fill_diagonal(scores, (1.0, 1.0, 1.0, -1.0))  # one of four is missed, and below all others
    assert equal_error(scores, np.zeros(4, np.int64)).value == pytest.approx(12.5, abs=13)
    assert first_rank(scores).value == 75


def test_only_trials_within_a_group_count() -> None:
    scores = np.eye(6)
    scores[:3, 3:] = scores[3:, :3] = 2.0
    assert equal_error(scores, np.array([0, 0, 0, 1, 1, 1])).value == 0
    assert equal_error(scores, np.zeros(6, np.int64)).value > 30


def test_who_has_trained_does_better_where_the_noise_has_directions() -> None:
    rng = np.random.default_rng(1)
    people = rng.normal(0, 1, (SPEAKERS, 1, SIZE))
    directions = np.where(np.arange(SIZE) < 8, 6.0, 0.3)
    heard = people + directions * rng.normal(0, 1, (SPEAKERS, 6, SIZE))
    group = np.zeros(SPEAKERS, np.int64)
    naive = equal_error(cosine(heard[:, 0], heard[:, 1]), group)
    semi = equal_error(trained(heard[:, 0], heard[:, 1], heard), group)
    assert semi.high < naive.low


def test_linkability_of_voices_that_are_told_apart_and_of_others() -> None:
    clear, group = voices(0.2)
    assert linkability(cosine(clear[:, 0], clear[:, 1]), group).value > 90
    lost, group = voices(100.0)
    assert linkability(cosine(lost[:, 0], lost[:, 1]), group).value < 30


def test_who_tries_several_draws_does_better_where_some_draws_hide_less() -> None:
    rng = np.random.default_rng(2)
    people = rng.normal(0, 1, (SPEAKERS, SIZE))
    group = np.zeros(SPEAKERS, np.int64)
    lost = rng.random((SPEAKERS, 4, 1)) < 0.5
    known = np.where(lost, 0, people[:, None]) + rng.normal(0, 0.8, (SPEAKERS, 4, SIZE))
    trial = people + rng.normal(0, 0.8, (SPEAKERS, SIZE))
    tries = [cosine(known[:, number], trial) for number in range(4)]
    assert equal_error(best(tries), group).high < equal_error(tries[0], group).value
    assert np.array_equal(best([tries[0]]) > 1, (tries[0] - tries[0].mean()) / tries[0].std() > 1)


def test_copies_that_are_too_much_like_their_original() -> None:
    originals = np.zeros((2, 2, 3))
    originals[:, :, 0] = 2.0
    copies = np.zeros((2, 2, 4, 3))
    copies[..., 1] = 1.0  # a right angle
    copies[0, 0, :3, 0] = 5.0  # three of the first speaker's eight are nearly the same
    rate = too_alike(originals, copies, 0.87)
    assert rate.value == pytest.approx(100 * 3 / 16) and rate.low == 0 and rate.high == pytest.approx(100 * 3 / 8)
