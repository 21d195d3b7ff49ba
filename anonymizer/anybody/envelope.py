"""The spectral envelope of speech over a telephone line, as WORLD's CheapTrick finds it (M. Morise, 2015), and its
cosines within the line's band."""

import numpy as np
import pyworld
from numpy.typing import NDArray

from anonymizer.pitch import PERIOD, pitch

Floats = NDArray[np.float64]

RATE = 8000
FLOOR = 71.0  # Hz: WORLD's own, below which its window would not fit
LOW, HIGH = 200.0, 3500.0  # Hz
KEPT = 32  # cosines; the first is how loud it is


def envelope(sound: Floats) -> tuple[Floats, Floats]:
    """Hz of the pitch (0: unvoiced) at each PERIOD, and the natural logarithm of the amplitude at each frequency."""
    hertz = pitch(sound, RATE)
    times = np.arange(len(hertz)) * PERIOD
    found = pyworld.cheaptrick(sound, np.where(hertz > 0, np.maximum(hertz, FLOOR), 0), times, RATE)
    return hertz, np.log(np.maximum(found, 1e-16)) / 2


def band() -> NDArray[np.bool_]:
    """Which of an envelope's frequencies the line lets by."""
    size = pyworld.get_cheaptrick_fft_size(RATE, FLOOR)
    hertz = np.arange(size // 2 + 1) * (RATE / size)
    return (hertz >= LOW) & (hertz <= HIGH)


def cosines() -> Floats:
    """KEPT rows: the cosines (DCT-II, orthonormal) that make up an envelope within the band."""
    size = int(band().sum())
    rows = np.cos(np.pi / size * np.outer(np.arange(KEPT), np.arange(size) + 0.5))
    normed: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return normed
