import numpy as np
import pytest

from anonymizer.pieces import LONGEST, SHORTEST, cut, join
from anonymizer.sound import Samples
from tests.anonymizer.conftest import RATE, Memory


@pytest.mark.parametrize("seconds", [0.001, 1, 11.99, 12.2, 12.21, 61.7])
@pytest.mark.parametrize("block", [160, 65536])
def test_what_is_cut_and_not_changed_comes_together_as_it_was(seconds: float, block: int) -> None:
    sound = np.random.default_rng(3).normal(0, 0.1, (round(seconds * RATE), 2)).astype(np.float32)
    pieces = cut(Memory(sound, block=block).frames(), RATE, 2)
    again = np.concatenate(list(join(pieces, lambda piece: piece.frames, RATE)))
    assert again.shape == sound.shape and np.allclose(again, sound, atol=1e-6)


def test_it_is_cut_where_both_are_quiet(call: Samples) -> None:
    long = np.concatenate([call, call])
    end = 0
    pieces = list(cut(Memory(long).frames(), RATE, 2))
    assert len(pieces) > 3
    for piece in pieces[:-1]:
        assert SHORTEST * RATE <= piece.length <= LONGEST * RATE
        end += piece.length
        assert np.abs(long[end - 40 : end + 40]).max() < 0.02


def test_pieces_that_differ_meet_without_a_step() -> None:
    sound = np.ones((40 * RATE, 1), np.float32)
    levels = iter((0.1, 0.9, 0.2, 0.8, 0.3, 0.7))
    joined = np.concatenate(list(join(cut(Memory(sound).frames(), RATE, 1), lambda it: it.frames * next(levels), RATE)))
    assert np.abs(np.diff(joined[:, 0])).max() < 0.01
