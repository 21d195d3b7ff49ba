"""What is expected of a voice: what was said, and little of who said it."""

import numpy as np
import pytest

from anonymizer.anybody.network import KEPT, STEPS, anybody
from anonymizer.anybody.sounds import LONGEST, PERIOD, RATE, SIZE, sounds
from anonymizer.envelope import TELEPHONE, cosines, envelope, frequencies, within
from anonymizer.pitch import pitch
from anonymizer.profiles import Changed, Draw
from anonymizer.sound import Samples
from anonymizer.voice import Voice
from tests.anonymizer.conftest import CITIZEN, spoken

OTHER = Changed("other", (0.0, 0.0), (0.0, 0.0), 0.0, 1.0, (100.0, 100.0), 0.0, 40)


@pytest.fixture(scope="module")
def sentence() -> Samples:
    return spoken(CITIZEN[:1])


def spread(one: np.ndarray, other: np.ndarray, voiced: np.ndarray) -> float:
    """How far two are apart, but for how loud they are and what their voices have in common."""
    apart = (one - other)[voiced, 1:]
    return float(np.square(apart - apart.mean(axis=0)).sum(axis=1).mean())


def own(sound: Samples) -> tuple[np.ndarray, np.ndarray]:
    hertz, band = pitch(sound.astype(np.float64), RATE), within(frequencies(RATE), TELEPHONE)
    return hertz > 0, envelope(sound.astype(np.float64), hertz, RATE)[:, band] @ cosines(int(band.sum()), KEPT).T


def test_sounds_come_each_20_ms_however_long_it_is(sentence: Samples) -> None:
    long = np.tile(sentence, round(2.2 * LONGEST * RATE / len(sentence)))
    heard = sounds(long)
    assert heard.shape[1] == SIZE and abs(len(heard) - len(long) / RATE / PERIOD) < 4
    assert np.isfinite(heard).all() and not sounds(sentence[:100]).size


def test_one_row_for_each_frame_asked_for(sentence: Samples) -> None:
    assert anybody(sentence, 777).shape == (777, KEPT)
    assert not anybody(sentence[:100], 3).any()


def test_what_is_expected_follows_what_is_said(sentence: Samples) -> None:
    voiced, real = own(sentence)
    expected = anybody(sentence, len(real))
    varied = real[voiced, 1:] - real[voiced, 1:].mean(axis=0)
    assert spread(real, expected, voiced) < 0.5 * np.square(varied).sum(axis=1).mean()


@pytest.mark.parametrize("tract", [-0.2, 0.2])
def test_it_says_less_of_who_speaks_than_their_own_envelope(sentence: Samples, tract: float) -> None:
    """The same sentence from a vocal tract by a seventh longer, or shorter."""
    other = Voice(OTHER, RATE, Draw(tract, 0.0, 140.0, 0.0)).change(sentence)
    voiced, mine = own(sentence)
    _, theirs = own(other)
    frames = min(len(mine), len(theirs))
    expected = spread(anybody(sentence, frames), anybody(other, frames), voiced[:frames])
    assert expected < 0.6 * spread(mine[:frames], theirs[:frames], voiced[:frames])


def test_the_last_sound_stands_for_what_is_left(sentence: Samples) -> None:
    rows = anybody(sentence, STEPS * len(sounds(sentence)) + 3)
    assert np.array_equal(rows[-1], rows[-4])
