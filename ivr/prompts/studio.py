"""What comes from a recording studio: looked over before it replaces a text, and written as a designer keeps it."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile

from ivr.prompts import audio
from ivr.prompts.audio import AudioError, Samples

RATE = 16000  # kept in the flows' folder; the library makes the telephone's 8 kHz of it
SHORTEST, LONG = 0.2, 120.0
QUIET, SILENT, LOUD = -40.0, -55.0, -6.0
EDGE, INSIDE = 0.5, 2.0  # seconds of silence, at an end and between words, that are worth a word
HUSH = 30.0  # dB below the speech: silence
WORD = 1.0  # seconds: a single word may be as even as a tone
STEADY = 10.0  # dB between the loud and the quiet moments: speech has 20 and more, noise and tones next to none
FULL, FULL_8BIT = 0.9999, 0.98
RUN = 1e-4  # seconds at full scale in one go; a voice that was not clipped passes in less
MANY_CLIPPED = 0.001


@dataclass(frozen=True)
class Finding:
    """`severity`: an `error` cannot be used, a `doubt` only by force, a `warning` needs an ear."""

    severity: str
    code: str
    message: str
    hint: str


@dataclass(frozen=True)
class Take:
    """A recording as it will be kept; `level` in dBFS over the speech, before any levelling."""

    samples: Samples
    rate: int
    level: float
    findings: tuple[Finding, ...]

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def refused(self, force: bool) -> bool:
        return any(one.severity == "error" or (one.severity == "doubt" and not force) for one in self.findings)


_HINTS = {
    "not-audio": "send WAV or FLAC",
    "too-long": "cut it into several prompts",
    "cut-off": "copy or export it again",
    "not-numbers": "export it again as 16 or 24 bit PCM",
}


def examine(path: Path) -> Take:
    """Look a file over; nothing about the file makes this raise."""
    try:
        if path.stat().st_size == 0:
            return _refused(Finding("error", "empty", "the file is empty", "copy or export it again"))
        if (promised := _promised(path)) is not None:
            message = f"its header promises {promised} bytes of sound, more than the file has"
            return _refused(Finding("error", "cut-off", message, _HINTS["cut-off"]))
        clipping = _Clipping(path)
        samples, rate = audio.read(path, RATE, clipping.look)
    except AudioError as error:
        return _refused(Finding("error", error.code, str(error), _HINTS[error.code]))
    except OSError as error:
        return _refused(Finding("error", "not-read", f"{error.strerror}", "look at the file's name and rights"))
    level = audio.loudness(samples, rate)
    return Take(samples, rate, level, (*_sound(samples, rate, level), *clipping.findings()))


def keep(take: Take, target: Path) -> None:
    """Write a take as 16-bit PCM mono; the file appears whole or not at all. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    peak = float(np.max(np.abs(take.samples), initial=0))
    audio.write(target, take.samples * np.float32(audio.CEILING / peak) if peak > 1 else take.samples, take.rate)


def _refused(finding: Finding) -> Take:
    return Take(np.zeros(0, np.float32), RATE, -np.inf, (finding,))


def _sound(samples: Samples, rate: int, level: float) -> Iterator[Finding]:
    seconds = len(samples) / rate
    if seconds < SHORTEST:
        yield Finding("error", "too-short", f"it lasts {seconds:.3f} s", "no word is that short; export it again")
        return
    if level < SILENT:
        yield Finding("error", "silent", "there is nothing to hear in it", "export it again")
        return
    if seconds > LONG:
        yield Finding("warning", "long", f"it lasts {_clock(seconds)}", "callers rarely listen beyond 2 minutes")
    if level < QUIET:
        hint = "its noise will be as much louder as the voice; ask for a louder take"
        yield Finding("warning", "quiet", f"the speech is at {level:.0f} dBFS", hint)
    if level > LOUD:
        hint = "listen whether it sounds pressed; ask for a take at -16 to -20 dBFS"
        yield Finding("warning", "loud", f"the speech is at {level:.0f} dBFS", hint)
    power = audio.powers(samples, rate)
    heard = np.nonzero(power > 10 ** ((level - HUSH) / 10))[0]
    first, last = int(heard[0]), int(heard[-1]) + 1
    loudness = 10 * np.log10(power[first:last] + 1e-12)
    steady = np.percentile(loudness, 95) - np.percentile(loudness, 10) < STEADY
    if steady and len(loudness) * audio.FRAME > WORD:
        yield Finding("doubt", "no-speech", "it is steady noise or a tone, no speech", "listen to it; --force takes it")
    for name, silence in (("starts", first), ("ends", len(power) - last)):
        if silence * audio.FRAME > EDGE:
            yield Finding("warning", "silence", f"it {name} with {silence * audio.FRAME:.1f} s of silence", "it is cut")
    for before, after in pairwise(heard):
        gap = (after - before - 1) * audio.FRAME
        if gap > INSIDE:
            at = _clock((before + 1) * audio.FRAME)
            yield Finding("warning", "pause", f"{gap:.1f} s of silence at {at}", "callers will think the line is dead")


class _Clipping:
    """Counts the moments in which the sound, as the file has it, lies at full scale for several samples."""

    def __init__(self, path: Path) -> None:
        try:
            info = soundfile.info(path)
        except soundfile.LibsndfileError as error:
            raise AudioError("not-audio", f"it cannot be read as sound: {error.error_string.rstrip('.')}") from error
        self._rate, self._length = info.samplerate, max(3, round(info.samplerate * RUN))
        self._full = FULL_8BIT if info.subtype in ("PCM_U8", "PCM_S8", "ALAW", "ULAW") else FULL
        self._frames = self._runs = self._clipped = 0
        self._first: float | None = None

    def look(self, block: Samples) -> None:
        full = np.abs(block) >= self._full
        for channel in full.T:
            edges = np.flatnonzero(np.diff(np.concatenate([[False], channel, [False]]).astype(np.int8)))
            begins, lengths = edges[::2], edges[1::2] - edges[::2]
            runs = lengths >= self._length
            if runs.any() and self._first is None:
                self._first = (self._frames + int(begins[runs][0])) / self._rate
            self._runs += int(runs.sum())
            self._clipped += int(lengths[runs].sum())
        self._frames += len(block)

    def findings(self) -> Iterator[Finding]:
        if self._first is None:
            return
        message = f"it is clipped in {self._runs} places, first at {_clock(self._first)}"
        if self._clipped > MANY_CLIPPED * self._frames:
            yield Finding("doubt", "clipped", message, "ask for a take at a lower level; --force takes it as it is")
        else:
            yield Finding("warning", "clipped", message, "listen there; a take at a lower level is better")


def _promised(path: Path) -> int | None:
    """The bytes of sound that a WAV's header promises, when the file has less; libsndfile reads on in silence."""
    size = path.stat().st_size
    with path.open("rb") as file:
        riff = file.read(12)
        if riff[:4] not in (b"RIFF", b"RF64") or riff[8:] != b"WAVE":
            return None
        large = None
        while len(head := file.read(8)) == 8:
            name, length = head[:4], struct.unpack("<I", head[4:])[0]
            if name == b"ds64" and length >= 16:
                body = file.read(length)
                large = struct.unpack("<Q", body[8:16])[0] if len(body) >= 16 else None
                continue
            if name == b"data":
                promised = large if large is not None and length == 0xFFFFFFFF else length
                return promised if promised > size - file.tell() else None
            file.seek(length + length % 2, 1)
    return None


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"
