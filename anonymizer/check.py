"""What is looked at before anything anonymised is shown: a run that went wrong must not pass for one that did not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizer.keys import Ear
from anonymizer.sound import Samples
from anonymizer.spans import Span
from anonymizer.verifier import Loudest, Verifier

LOUDER, QUIETER = 3.0, 10.0  # dB by which a channel may be: peaks of what was clipped are limited again
ALIKE = 0.6  # mean correlation of the waveforms, above which the voice is the same
# Cosine of the verifier's vectors of the original and the copy, above which it may take them for one person: two
# utterances of one reader come to more in 95 of 100 cases (docs/privacy.md).
SAME = 0.87
QUIET = 1e-6  # mean power, -60 dBFS: below, there is no waveform to compare
LAG = 0.02  # seconds by which two waveforms may be apart and still be the same


class NotAnonymised(Exception):
    """The result must not be shown; the message says what is wrong with it."""


class StillTheirs(NotAnonymised):
    """The voice is too much like the original's: that of another draw may not be."""


@dataclass(frozen=True)
class Findings:
    """By channel: `level` is in dB, what the output has over the input; `alike` is 0 to 1. None: there was no sound.
    `same`: what a speaker verifier says, up to 1; None without one, or without speech enough."""

    level: list[float | None]
    alike: list[float | None]
    same: list[float | None]
    keys_left: int


class Check:
    """Fed with blocks as they are made: `muted` is the input without what was covered, `voiced` the output before the
    cover's tone, `final` the output. `verifier`: where it is installed."""

    def __init__(self, rate: int, channels: int, verifier: Verifier | None = None) -> None:
        self._rate, self._frames, self._verifier = rate, 0, verifier
        self._loudest = [Loudest() for _ in range(channels)]
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
            [self._same(loudest) for loudest in self._loudest],
            sum(len(ear.spans()) for ear in self._ears),
        )

    def _compare(self, channel: int, one: NDArray[np.float32], other: NDArray[np.float32]) -> None:
        power = float(np.square(one, dtype=np.float64).mean())
        if power > QUIET:
            self._compared[channel] += power
            self._alike[channel] += power * correlation(one, other, round(LAG * self._rate))
            if self._verifier:
                self._loudest[channel].hear(one, other, power)

    def _same(self, loudest: Loudest) -> float | None:
        same = loudest.similarity(self._verifier, self._rate) if self._verifier else None
        return None if same is None else round(same, 3)


def judge(found: Findings, changed: bool, keys: bool, spans: Sequence[Span], as_loud: bool = True) -> None:
    """Raises NotAnonymised. `changed`: another voice was asked for; `keys`: keys were to be covered; `as_loud`: it has
    the original's loudness, which a voice that speaks anew has not."""
    both = zip(found.level, found.alike, found.same, strict=True)
    for channel, (level, alike, same) in enumerate(both, 1):
        if as_loud and level is not None and not -QUIETER <= level <= LOUDER:
            raise NotAnonymised(f"channel {channel} is {abs(level):.1f} dB {'louder' if level > 0 else 'quieter'}")
        if changed and alike is not None and alike > ALIKE:
            raise StillTheirs(f"the sound of channel {channel} is still like the original ({alike:.2f})")
        if changed and same is not None and same > SAME:
            raise StillTheirs(f"who speaks in channel {channel} can still be told ({same:.2f})")
    if keys and found.keys_left:
        raise NotAnonymised(f"{found.keys_left} keys can still be heard, beside {len(spans)} that were covered")


def correlation(one: NDArray[np.float32], other: NDArray[np.float32], lag: int) -> float:
    """The greatest of the normalised cross-correlation within ± `lag` samples, its sign left out."""
    size = 1 << (len(one) + lag).bit_length()
    cross = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)))
    whole = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    near = np.concatenate([cross[: lag + 1], cross[-lag:]])
    return float(np.abs(near).max()) / whole if whole > 0 else 0.0
