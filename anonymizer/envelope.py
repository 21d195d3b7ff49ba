"""The spectral envelope of speech, as WORLD's CheapTrick finds it (M. Morise, 2015), and the cosines it is made of."""

import numpy as np
import pyworld
from numpy.typing import NDArray

from anonymizer.pitch import PERIOD, Floats

FLOOR = 71.0  # Hz: WORLD's own, below which its window would not fit
TELEPHONE = (200.0, 3500.0)  # Hz that a telephone line lets by


def envelope(sound: Floats, hertz: Floats, rate: int) -> Floats:
    """The natural logarithm of the amplitude at each of `frequencies`, for each of `hertz`, as `pitch` has them."""
    times = np.arange(len(hertz)) * PERIOD
    power = pyworld.cheaptrick(sound, np.where(hertz > 0, np.maximum(hertz, FLOOR), 0), times, rate)
    log: Floats = np.log(np.maximum(power, 1e-16)) / 2
    return log


def frequencies(rate: int) -> Floats:
    """Hz of the values of an envelope."""
    size = pyworld.get_cheaptrick_fft_size(rate, FLOOR)
    hertz: Floats = np.arange(size // 2 + 1, dtype=np.float64) * (rate / size)
    return hertz


def within(hertz: Floats, band: tuple[float, float]) -> NDArray[np.bool_]:
    low, high = band
    return (hertz >= low) & (hertz <= high)


def cosines(size: int, kept: int) -> Floats:
    """The first `kept` rows of the DCT-II of `size` values, orthonormal; the first says how loud they are."""
    rows = np.cos(np.pi / size * np.outer(np.arange(min(kept, size)), np.arange(size) + 0.5))
    normed: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return normed
