"""A conversation spoken anew: its words by synthetic voices (Pico), on the original's timing. Nothing of the waveform
is used but how loud each phrase was, in three steps.

Phrases are spoken when their moment comes, one at a time, so memory does not grow with the length.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import soxr

from anonymizer.phrases import Phrase, phrases
from anonymizer.profiles import Speaker, Spoken, speakers
from anonymizer.sound import Samples, Source
from anonymizer.spans import Span, mute
from anonymizer.speech import Understood

RATE = 16000  # of the synthetic voices
VOICES = {"it": "it-IT", "en": "en-GB", "de": "de-DE", "fr": "fr-FR"}
VOLUME = 0.5  # at its full one the engine clips its own voice
LEVELS = (-30.0, -25.0, -20.0)  # dBFS of what was said softly, as usual, loudly
PEAK = 0.9
SLOWEST, FASTEST = 0.8, 1.3  # times the drawn speed, to last as long as the original did
HASTE = 3.0  # times, where what comes next would begin before the end
TRIES = 3
SILENT = 0.01  # of full scale: where a synthetic voice begins and ends
EDGE = 0.02  # seconds kept around
MARK = -46.0  # dBFS of the soft noise that stands for what was not understood
FADE = 0.02


class Retold:
    """Iterate over it once: (input without what is covered, the same spoken anew), block by block; `unspoken` has then,
    by channel, what was not understood or had no room, and is marked by a soft noise. Raises SoundError."""

    def __init__(self, source: Source, understood: Understood, spans: Sequence[Span], profile: Spoken) -> None:
        self._source, self._understood, self._spans, self._profile = source, understood, spans, profile
        self.unspoken: list[list[Span]] = [[] for _ in range(source.channels)]

    def __iter__(self) -> Iterator[tuple[Samples, Samples]]:
        rate, understood = self._source.rate, self._understood
        seconds = sum(map(len, self._source.frames())) / rate
        told: list[list[Phrase]] = [[] for _ in range(self._source.channels)]
        if understood.language:
            both = zip(understood.transcript, understood.speech, strict=True)
            told = [phrases(words, speech, self._spans, seconds) for words, speech in both]
        powers = _powers(self._muted(), rate, told)
        drawn = speakers(self._profile, self._source.channels)
        channels = [
            Channel(every, loud, who, understood.language or "it", rate, missed)
            for every, loud, who, missed in zip(told, powers, drawn, self.unspoken, strict=True)
        ]
        for muted in self._muted():
            yield muted, np.stack([channel.next(len(muted)) for channel in channels], axis=1)

    def _muted(self) -> Iterator[Samples]:
        first = 0
        for block in self._source.frames():
            yield mute(block, first, self._source.rate, self._spans)
            first += len(block)


class Channel:
    """Speaks one channel's phrases. `powers`: how loud each was; `missed` gets what cannot be spoken."""

    def __init__(
        self,
        told: Sequence[Phrase],
        powers: Sequence[float],
        who: Speaker,
        language: str,
        rate: int,
        missed: list[Span],
    ) -> None:
        self._voice = Voice(VOICES[language], who, rate)
        self._coming, self._rate, self._missed = iter(zip(told, powers, strict=True)), rate, missed
        self._first, self._begin, self._sound = 0, 0, np.zeros(0, np.float32)
        self._noise = np.random.default_rng()

    def next(self, length: int) -> Samples:
        """The next frames of it."""
        block: Samples = np.zeros(length, np.float32)
        end = self._first + length
        while self._begin < end:
            from_, to = max(self._begin, self._first), min(self._begin + len(self._sound), end)
            if from_ < to:
                block[from_ - self._first : to - self._first] = self._sound[from_ - self._begin : to - self._begin]
            if self._begin + len(self._sound) > end or not self._take():
                break
        self._first = end
        return block

    def _take(self) -> bool:
        phrase, power = next(self._coming, (None, 0.0))
        if phrase is None:
            self._begin, self._sound = np.iinfo(np.int64).max, np.zeros(0, np.float32)
            return False
        said = self._voice.say(phrase, power) if phrase.text else None
        if said is None:
            self._missed.append(Span(round(phrase.start, 3), round(phrase.end, 3), "unspoken"))
            said = self._mark(phrase.end - phrase.start)
        self._begin, self._sound = round(phrase.start * self._rate), said
        return True

    def _mark(self, seconds: float) -> Samples:
        size = round(seconds * self._rate)
        noise = self._noise.normal(0, 10 ** (MARK / 20), size)
        return (noise * _edges(size, self._rate)).astype(np.float32)


class Voice:
    """A synthetic voice, made a larger or smaller one by playing it slower or faster."""

    def __init__(self, name: str, who: Speaker, rate: int) -> None:
        from py_nanotts import NanoTTS

        self._name, self._who, self._rate, self._engine = name, who, rate, NanoTTS()

    def say(self, phrase: Phrase, power: float) -> Samples | None:
        """None: it has no sound, or no room before what comes next."""
        usual = self._spoken(phrase.text, self._who.speed)
        if usual is None:
            return None
        length = len(usual) / self._rate
        room = phrase.until - phrase.start
        times = float(np.clip(length / max(phrase.end - phrase.start, 0.01), SLOWEST, FASTEST))
        times = max(times, length / max(room, 0.01))
        for _ in range(TRIES):
            if times > HASTE:
                return None
            said = self._spoken(phrase.text, self._who.speed * times)
            if said is not None and len(said) <= room * self._rate:
                return _as_loud(said, power) * _edges(len(said), self._rate)
            times *= 1.05
        return None

    def _spoken(self, text: str, speed: float) -> Samples | None:
        """Without the silence around."""
        # What is played slower lasts longer: it is spoken so much faster.
        pcm = self._engine.speak(text, self._name, speed=speed / self._who.size, pitch=self._who.pitch, volume=VOLUME)
        sound = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
        loud = np.flatnonzero(np.abs(sound) > SILENT)
        if not len(loud):
            return None
        edge = round(EDGE * RATE)
        whole = sound[max(0, loud[0] - edge) : loud[-1] + edge]
        said: Samples = soxr.resample(whole, RATE * self._who.size, self._rate).astype(np.float32)
        return said


def _powers(blocks: Iterable[Samples], rate: int, told: Sequence[Sequence[Phrase]]) -> list[list[float]]:
    """The mean power of each phrase in the original, by channel."""
    sums = [[0.0] * len(every) for every in told]
    nexts, first = [0] * len(told), 0
    for block in blocks:
        for channel, every in enumerate(told):
            at = nexts[channel]
            while at < len(every) and every[at].start * rate < first + len(block):
                begin, end = (round(each * rate) - first for each in (every[at].start, every[at].end))
                part = block[max(0, begin) : max(0, end), channel]
                sums[channel][at] += float(np.square(part, dtype=np.float64).sum()) / max(1, end - begin)
                if end > len(block):
                    break
                at += 1
            nexts[channel] = at
        first += len(block)
    return sums


def _as_loud(said: Samples, power: float) -> Samples:
    """At the step that is the nearest to `power`."""
    level = 10 * np.log10(max(power, 1e-12))
    wanted = 10 ** (min(LEVELS, key=lambda one: abs(one - level)) / 20)
    heard = said[np.abs(said) > SILENT]
    gain = min(wanted / float(np.sqrt(np.square(heard).mean())), PEAK / float(np.abs(said).max()))
    return said * np.float32(gain)


def _edges(size: int, rate: int) -> Samples:
    ramp = np.minimum(np.arange(size) + 1, np.arange(size)[::-1] + 1) / (FADE * rate)
    faded: Samples = np.minimum(1, ramp).astype(np.float32)
    return faded
