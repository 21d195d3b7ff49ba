"""What is looked at before anything anonymised is shown: a run that went wrong must not pass for one that did not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer.keys import Ear
from anonymizer.sound import Samples
from anonymizer.spans import Span

LOUDER, QUIETER = 3.0, 10.0  # dB by which a channel may be: peaks of what was clipped are limited again
ALIKE = 0.6  # mean correlation of the waveforms, above which the voice is the same
QUIET = 1e-6  # mean power, -60 dBFS: below, there is no waveform to compare
LAG = 0.02  # seconds by which two waveforms may be apart and still be the same


class NotAnonymised(Exception):
    """The result must not be shown; the message says what is wrong with it."""


@dataclass(frozen=True)
class Findings:
    """By channel: `level` is in dB, what the output has over the input; `alike` is 0 to 1. None: there was no sound."""

    level: list[float | None]
    alike: list[float | None]
    keys_left: int


class Check:
    """Fed with blocks as they are made: `muted` is the input without what was covered, `voiced` the output before the
    cover's tone, `final` the output."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rate, self._frames = rate, 0
        self._ears = [Ear(rate) for _ in range(channels)]
        self._power = np.zeros((2, channels))
        self._alike, self._compared = np.zeros(channels), np.zeros(channels)

    def see(self, muted: Samples, voiced: Samples, final: Samples) -> None:
        if not len(muted) == len(voiced) == len(final):
            raise NotAnonymised("the result is not as long as the original")
        self._frames += len(final)
        self._power += [np.square(one, dtype=np.float64).sum(axis=0) for one in (muted, voiced)]
        for channel, ear in enumerate(self._ears):
            ear.hear(final[:, channel])
            for first in range(0, len(muted), self._rate):
                part = slice(first, first + self._rate)
                self._compare(channel, muted[part, channel], voiced[part, channel])

    def findings(self) -> Findings:
        quiet = self._power[0] <= QUIET * max(1, self._frames)
        level = 10 * np.log10(np.maximum(self._power[1], 1e-12) / np.maximum(self._power[0], 1e-12))
        alike = self._alike / np.maximum(self._compared, 1e-12)
        return Findings(
            [None if none else round(float(one), 2) for none, one in zip(quiet, level, strict=True)],
            [round(float(one), 3) if power else None for power, one in zip(self._compared, alike, strict=True)],
            sum(len(ear.spans()) for ear in self._ears),
        )

    def _compare(self, channel: int, one: NDArray[np.float32], other: NDArray[np.float32]) -> None:
        power = float(np.square(one, dtype=np.float64).mean())
        if power > QUIET:
            self._compared[channel] += power
            self._alike[channel] += power * correlation(one, other, round(LAG * self._rate))


def judge(found: Findings, changed: bool, keys: bool, spans: Sequence[Span], as_loud: bool = True) -> None:
    """Raises NotAnonymised. `changed`: another voice was asked for; `keys`: keys were to be covered; `as_loud`: it has
    the original's loudness, which a voice that speaks anew has not."""
    for channel, (level, alike) in enumerate(zip(found.level, found.alike, strict=True), 1):
        if as_loud and level is not None and not -QUIETER <= level <= LOUDER:
            raise NotAnonymised(f"channel {channel} is {abs(level):.1f} dB {'louder' if level > 0 else 'quieter'}")
        if changed and alike is not None and alike > ALIKE:
            raise NotAnonymised(f"the sound of channel {channel} is still like the original ({alike:.2f})")
    if keys and found.keys_left:
        raise NotAnonymised(f"{found.keys_left} keys can still be heard, beside {len(spans)} that were covered")


def correlation(one: NDArray[np.float32], other: NDArray[np.float32], lag: int) -> float:
    """The greatest of the normalised cross-correlation within ± `lag` samples, its sign left out."""
    size = 1 << (len(one) + lag).bit_length()
    cross = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)))
    whole = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    near = np.concatenate([cross[: lag + 1], cross[-lag:]])
    return float(np.abs(near).max()) / whole if whole > 0 else 0.0
