"""Another voice for the same words: speech is taken apart into pitch and spectral envelope (WORLD: M. Morise and
others, 2016), the envelope's own colour is taken away, or anybody's takes its place, it is stretched and bent as by
another vocal tract, made coarser, and spoken again at a pitch that is not the speaker's.

The breath in a voice (WORLD's aperiodicity) is not measured but given, the same for all: it tells people apart, too.
"""

import numpy as np
import pyworld
import soxr
from numpy.typing import NDArray

from anonymizer.anybody.network import KEPT, anybody
from anonymizer.anybody.sounds import RATE as LINE
from anonymizer.envelope import TELEPHONE, cosines, envelope, frequencies, within
from anonymizer.pitch import PERIOD, Floats, pitch
from anonymizer.profiles import Changed, Draw, draw, wander

WIDEBAND = (50.0, 7500.0)  # Hz that are made again where there is more than a telephone line's
LASTING = 0.7  # of what is known of a speaker lasts from one piece to the next: a call is transferred, another speaks
KNOWN = 300.0  # voiced frames' weight of what is assumed before anybody has spoken
ASSUMED = 150.0  # Hz
SLOPE = -9.0  # dB an octave above BEND: the long-term spectrum of speech, near enough and the same for all
BEND = 500.0  # Hz
KNOT = 0.25  # seconds between the knots of the wandering stretch
STEP = 0.02
SMOOTH = 5  # STEPs over which loudness is compared
# With anybody's envelope, over so many: how loud a sound is beside the next tells people apart, and is anybody's too.
SLOW = 15
LIVELY = 1.2  # what is expected of an envelope is a mean, and flatter than any
MOST = 8.0  # times the median: how much louder a single step may be made
NOTHING = (1.5 / 32768) ** 2  # mean power: the dither of silence
KNEE = 0.9


class Voice:
    """One channel of one file. What it draws, it tells nobody."""

    def __init__(self, profile: Changed, rate: int, drawn: Draw | None = None) -> None:
        self._profile, self._given, self._draw = profile, rate, drawn or draw(profile)
        self._rate = LINE if profile.anybody else rate
        self._hertz = frequencies(self._rate)
        low, high = band = TELEPHONE if self._rate == LINE else WIDEBAND
        self._band = within(self._hertz, band)
        inside = np.flatnonzero(self._band)
        # Of what is within the band: what is outside takes the value of the nearest.
        self._held = np.clip(np.arange(len(self._hertz)), inside[0], inside[-1]) - inside[0]
        self._shape = _common(self._hertz) + self._draw.tilt * _octaves(self._hertz, 1000.0) * np.log(10) / 20
        self._fade = np.minimum(0, -12.0 * np.log(2) * _outside(self._hertz, low, high))
        base = cosines(len(inside), profile.cepstrum)
        self._coarse, self._expected = base.T @ base, cosines(len(inside), KEPT)
        self._weight, self._pitch = KNOWN, KNOWN * np.log2(ASSUMED)
        self._colour = KNOWN * _common(self._hertz[self._band])

    def change(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same length, loudness and timing, from somebody else. Pieces of one channel come in their order. Raises
        NotRecognised for a profile of anybody's voice, whose sounds are recognised."""
        if self._given == self._rate:
            return _limited(self._changed(samples)).astype(np.float32)
        changed = self._changed(soxr.resample(samples, self._given, self._rate).astype(np.float32))
        back = soxr.resample(changed, self._rate, self._given)[: len(samples)]
        return _limited(np.pad(back, (0, len(samples) - len(back)))).astype(np.float32)

    def _changed(self, samples: NDArray[np.float32]) -> Floats:
        sound = samples.astype(np.float64)
        if np.mean(sound**2) <= NOTHING:
            return np.zeros(len(samples))
        hertz = pitch(sound, self._rate)
        voiced = hertz > 0
        # The speaker's mean pitch, and of what is voiced the mean spectrum, the latest most.
        self._weight = LASTING * self._weight + voiced.sum()
        self._pitch = LASTING * self._pitch + np.log2(hertz[voiced]).sum()
        even = self._anybodys(samples, len(hertz)) if self._profile.anybody else self._own(sound, hertz)
        spoken = pyworld.synthesize(
            self._melody(hertz), np.exp(2 * self._other(even)), self._breath(hertz), self._rate, 1000 * PERIOD
        )
        changed = np.zeros(len(sound))
        changed[: len(spoken)] = spoken[: len(sound)]
        return _as_loud(changed, sound, self._rate, SLOW if self._profile.anybody else SMOOTH)

    def _own(self, sound: Floats, hertz: Floats) -> Floats:
        """The speaker's envelopes within the band, without their colour."""
        log = envelope(sound, hertz, self._rate)[:, self._band]
        frames = log[hertz > 0]
        self._colour = LASTING * self._colour + (frames - frames.mean(axis=1, keepdims=True)).sum(axis=0)
        even: Floats = log - self._colour / self._weight
        return even

    def _anybodys(self, samples: NDArray[np.float32], frames: int) -> Floats:
        """Envelopes within the band, as anybody's would be who says the same."""
        expected = anybody(samples, frames).astype(np.float64)
        expected[:, 1:] *= LIVELY
        return np.asarray(expected @ self._expected)

    def _melody(self, hertz: Floats) -> Floats:
        voiced = hertz > 0
        octaves = np.log2(np.where(voiced, hertz, ASSUMED)) - self._pitch / self._weight
        octaves -= np.rint(octaves)  # an octave too high or too low is an error of measurement
        melody: Floats = np.where(voiced, self._draw.pitch * 2 ** (self._profile.melody * octaves), 0.0)
        return melody

    def _other(self, even: Floats) -> Floats:
        """Envelopes without a colour, warped, made coarse, with the colour of all."""
        knots = max(2, round(len(even) * PERIOD / KNOT))
        steps = np.linspace(0, knots - 1, len(even))
        stretch = self._draw.tract + np.interp(steps, np.arange(knots), wander(knots, self._profile.jitter))
        warped = _warp(even[:, self._held], stretch, 2**self._draw.bend)
        coarse = warped[:, self._band] @ self._coarse
        return np.ascontiguousarray(coarse[:, self._held] + self._shape + self._fade)

    def _breath(self, hertz: Floats) -> Floats:
        """WORLD's aperiodicity: little noise below, more above, and nothing else where nothing is voiced."""
        share = np.clip(0.02 + 0.38 * self._hertz / 4000, 0, 0.6)
        return np.where((hertz > 0)[:, None], share[None, :], 1 - 1e-6)


def _warp(log: Floats, stretch: Floats, bend: float) -> Floats:
    """Frame i with its frequencies multiplied by 2^stretch[i] and their angles (0 to π) then raised to `bend`, which is
    what S. McAdams' coefficient does to the poles of a linear prediction."""
    last = log.shape[1] - 1
    angles = np.pi * np.arange(last + 1) / last
    asked = np.clip(angles ** (1 / bend) / 2 ** stretch[:, None] * last / np.pi, 0, last - 1e-6)
    below = asked.astype(np.intp)
    share = asked - below
    low = np.take_along_axis(log, below, axis=1)
    warped: Floats = low + share * (np.take_along_axis(log, below + 1, axis=1) - low)
    return warped


def _octaves(hertz: Floats, of: float) -> Floats:
    return np.log2(np.maximum(hertz, 50.0) / of)


def _common(hertz: Floats) -> Floats:
    common: Floats = SLOPE * np.maximum(0, _octaves(hertz, BEND)) * np.log(10) / 20
    return common


def _outside(hertz: Floats, low: float, high: float) -> Floats:
    """Octaves by which each is outside the band."""
    return np.maximum(0, np.maximum(_octaves(hertz, high), -_octaves(hertz, low)))


def _as_loud(changed: Floats, sound: Floats, rate: int, smooth: int) -> Floats:
    """`changed`, as loud at each moment as `sound`, and silent where that is; of `smooth` steps."""
    step = round(STEP * rate)
    wanted = _powers(sound, step, smooth)
    gain = np.sqrt(wanted / np.maximum(_powers(changed, step, smooth), 1e-12))
    heard = wanted > NOTHING
    if not heard.any():
        return np.zeros_like(changed)
    gain = np.where(heard, np.minimum(gain, MOST * np.median(gain[heard])), 0.0)
    moments = (np.arange(len(gain)) + 0.5) * step
    return changed * np.interp(np.arange(len(sound)), moments, gain)


def _powers(sound: Floats, step: int, smooth: int) -> Floats:
    """Mean power of each step, over `smooth` of them (an odd number)."""
    count = -(-len(sound) // step)
    power = np.square(np.pad(sound, (0, count * step - len(sound)))).reshape(count, step).mean(axis=1)
    shape = np.hanning(smooth + 2)[1:-1]
    means: Floats = np.convolve(np.pad(power, smooth // 2, mode="edge"), shape / shape.sum(), "valid")
    return means


def _limited(sound: Floats) -> Floats:
    over = np.abs(sound) - KNEE
    room = 1 - KNEE
    return np.where(over > 0, np.sign(sound) * (KNEE + room * np.tanh(np.maximum(over, 0) / room)), sound)
