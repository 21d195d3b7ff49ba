"""Keys that were pressed, heard in the sound: DTMF (ITU-T Q.23), by Goertzel's algorithm over windows of 205 samples.

A key is two tones at once, one of four low and one of four high frequencies, that hold nearly all energy there is.
"""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from anonymizer.sound import Samples
from anonymizer.spans import Span, merged

LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
WINDOW, HOP = 205 / 8000, 0.01
SHARE = 0.72  # of a window's energy, in the two tones
TWIST = 10.0  # dB by which one may be the louder (Q.24 asks 4 to 8)
APART = 6.0  # dB by which the best of a group stands above the others
FAINTEST = 1e-5  # mean power, -50 dBFS
LEAST = 4  # windows in a row with one key: 56 ms
MARGIN = 0.04  # seconds covered around a key


class Ear:
    """Listens to one channel, block by block."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._size, self._hop = round(WINDOW * rate), round(HOP * rate)
        self._rest: NDArray[np.float32] = np.zeros(0, np.float32)
        self._heard: list[NDArray[np.int8]] = []
        turns = 2j * np.pi * np.array(LOW + HIGH) / rate
        self._tones = np.exp(np.outer(np.arange(self._size), turns)).astype(np.complex64)

    def hear(self, samples: NDArray[np.float32]) -> None:
        sound = np.concatenate([self._rest, samples])
        count = max(0, (len(sound) - self._size) // self._hop + 1)
        if count:
            windows = np.lib.stride_tricks.sliding_window_view(sound, self._size)[:: self._hop][:count]
            self._heard.append(_keys(windows, self._tones))
        self._rest = sound[count * self._hop :]

    def spans(self) -> list[Span]:
        """Where keys were heard up to now, with MARGIN around."""
        heard = np.concatenate([np.full(1, -1, np.int8), *self._heard, np.full(1, -1, np.int8)])
        edges: list[int] = np.flatnonzero(np.diff(heard)).tolist()
        found = []
        for begin, end in pairwise(edges):
            if heard[end] >= 0 and end - begin >= LEAST:
                last = (end - 1) * self._hop + self._size
                found.append(Span(max(0.0, begin * self._hop / self._rate - MARGIN), last / self._rate + MARGIN, "key"))
        return found


def listen(blocks: Iterable[Samples], rate: int, channels: int) -> list[Span]:
    """Where keys are, in any of the channels."""
    ears = [Ear(rate) for _ in range(channels)]
    for block in blocks:
        for ear, samples in zip(ears, block.T, strict=True):
            ear.hear(samples)
    return merged(span for ear in ears for span in ear.spans())


def _keys(windows: NDArray[np.float32], tones: NDArray[np.complex64]) -> NDArray[np.int8]:
    """For each window the number of its key, 0 to 15, or -1."""
    size = windows.shape[1]
    power = np.einsum("ij,ij->i", windows, windows) / size
    parts = 2 * (np.abs(windows @ tones) / size) ** 2  # mean power of each tone
    low, high = np.sort(parts[:, :4]), np.sort(parts[:, 4:])
    both = low[:, 3] + high[:, 3]
    apart, twist = 10 ** (APART / 10), 10 ** (TWIST / 10)
    found = (
        (power > FAINTEST)
        & (both > SHARE * power)
        & (low[:, 3] > apart * low[:, 2])
        & (high[:, 3] > apart * high[:, 2])
        & (low[:, 3] < twist * high[:, 3])
        & (high[:, 3] < twist * low[:, 3])
    )
    number = 4 * parts[:, :4].argmax(axis=1) + parts[:, 4:].argmax(axis=1)
    keys: NDArray[np.int8] = np.where(found, number, -1).astype(np.int8)
    return keys
