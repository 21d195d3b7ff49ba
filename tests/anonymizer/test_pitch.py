import numpy as np
import pytest

from anonymizer.pitch import PERIOD, pitch
from tests.anonymizer.conftest import RATE


@pytest.mark.parametrize("hertz", [80, 110, 165, 220, 330])
def test_the_pitch_of_harmonics_without_their_fundamental(hertz: int) -> None:
    turns = 2 * np.pi * np.arange(2 * RATE) / RATE
    sound = sum(np.sin(number * hertz * turns) / number for number in range(1, 40) if 300 < number * hertz < 3400)
    found = pitch(0.1 * np.asarray(sound), RATE)
    assert len(found) == 2 / PERIOD + 1
    assert np.median(found) == pytest.approx(hertz, rel=0.01)
    assert np.mean(np.abs(found / hertz - 1) < 0.02) > 0.95


def test_noise_and_silence_have_none() -> None:
    assert np.mean(pitch(np.random.default_rng(2).normal(0, 0.1, 4 * RATE), RATE) > 0) < 0.05
    assert not pitch(np.zeros(RATE), RATE).any()
