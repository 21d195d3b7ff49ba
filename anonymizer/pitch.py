"""The pitch of speech over the telephone, whose line cuts the fundamental off: by the autocorrelation, which the
harmonics that remain give just as well (P. Boersma, 1993: divided by that of the window)."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LOWEST, HIGHEST = 65.0, 400.0  # Hz
PERIOD = 0.005  # seconds between frames
WINDOW = 0.04
VOICED = 0.5  # of the autocorrelation's peak
OCTAVE = 0.1  # by which the peak of half the pitch must be the higher: between samples, the true one looks lower
QUIET = 1e-4  # of the loudest frame's power: below, nothing is voiced
BATCH = 2000


def pitch(samples: Floats, rate: int) -> Floats:
    """Hz at each multiple of PERIOD, 0 where nothing is voiced; n // (PERIOD · rate) + 1 values."""
    hop, size = round(PERIOD * rate), round(WINDOW * rate)
    count = len(samples) // hop + 1
    padded = np.pad(samples, (size // 2, size))
    windows = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:count]
    shape = np.hanning(size)
    lags = np.arange(int(rate / HIGHEST), int(rate / LOWEST) + 1)
    own = _autocorrelation(shape[None, :])[:, lags[0] - 1 : lags[-1] + 2]
    found = [_batch(windows[first : first + BATCH] * shape, own, lags, rate) for first in range(0, count, BATCH)]
    hertz, power = (np.concatenate(part) for part in zip(*found, strict=True))
    hertz[power < max(1e-9, QUIET * power.max(initial=0))] = 0
    return _steady(hertz)


def _batch(windows: Floats, own: Floats, lags: NDArray[np.int64], rate: int) -> tuple[Floats, Floats]:
    windows = windows - windows.mean(axis=1, keepdims=True)
    whole = _autocorrelation(windows, raw=True)
    power = whole[:, 0] / windows.shape[1]
    near = whole[:, lags[0] - 1 : lags[-1] + 2] / np.maximum(whole[:, :1], 1e-12) / own
    middle = near[:, 1:-1]
    peak = (middle >= near[:, :-2]) & (middle >= near[:, 2:])
    score = np.where(peak, middle - OCTAVE * np.log2(lags), -np.inf)
    best = score.argmax(axis=1)
    rows = np.arange(len(near))
    left, top, right = near[rows, best], near[rows, best + 1], near[rows, best + 2]
    bend = left - 2 * top + right
    shift = np.where(bend < -1e-9, 0.5 * (left - right) / np.minimum(bend, -1e-9), 0.0)
    hertz = rate / (lags[best] + np.clip(shift, -0.5, 0.5))
    hertz[(top < VOICED) | ~peak[rows, best]] = 0
    return hertz, power


def _autocorrelation(windows: Floats, raw: bool = False) -> Floats:
    size = windows.shape[1]
    spectrum = np.fft.rfft(windows, 1 << (2 * size - 1).bit_length())
    whole = np.fft.irfft(np.abs(spectrum) ** 2)[:, :size]
    return whole if raw else whole / whole[:, :1]


def _steady(hertz: Floats) -> Floats:
    """The median of five: single frames of another octave, and voices of a frame or two, are errors."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(hertz, 2), 5)
    steady: Floats = np.median(around, axis=1)
    return steady
