"""Sound as Asterisk plays it on a telephone line: mono, 8 kHz, 16 bit, at one level, without silence at the ends.

Samples are float32 arrays of shape (n,), full scale ±1. Levels are dBFS: 0 is a square wave at full scale.
"""

import math
import secrets
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE = 8000
LOUDNESS = -16.0
CEILING = 10 ** (-1 / 20)
SILENCE = -40.0  # dB below the loudest frame: quieter ends are cut
CLICK, APART = 0.06, 0.2  # seconds: a sound as short as this, so far from the rest, is no part of it
MARGIN = 0.05
FRAME = 0.02
# What lies this far below the speech is a pause in it (the margin of ITU-T P.56).
PAUSE = 15.9
ATTACK = 64  # samples, a power of two: 8 ms in which the limiter turns down before a peak, and up again after it
WITHIN = 0.05
LONGEST = 600.0
BLOCK = 1 << 16
HEADER = 44  # bytes before the samples of a WAV that libsndfile writes


class AudioError(Exception):
    """Sound that cannot be used; `code` is its kind, the message says what it is."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def powers(samples: Samples, rate: int) -> NDArray[np.float64]:
    """Mean power of each whole frame of 20 ms."""
    frame = max(1, round(rate * FRAME))
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    power: NDArray[np.float64] = np.mean(np.square(frames, dtype=np.float64), axis=1)
    return power


def loudness(samples: Samples, rate: int = RATE) -> float:
    """The RMS level over the speech, pauses left out, in dBFS; -inf for silence or less than one frame."""
    power = powers(samples, rate)
    level = float(power.mean()) if power.size else 0.0
    for _ in range(4):  # leaving pauses out raises the level, which tells more pauses
        if level <= 0:
            return -math.inf
        level = float(power[power >= level * 10 ** (-PAUSE / 10)].mean())
    return decibel(math.sqrt(level))


def decibel(amplitude: float) -> float:
    return 20 * math.log10(amplitude) if amplitude > 0 else -math.inf


def level(samples: Samples, target: float = LOUDNESS) -> Samples:
    """Bring the speech to `target` dBFS with no peak above CEILING; silence stays silence."""
    gain, levelled = 0.0, samples
    for _ in range(6):  # limited peaks take a little of the level away
        now = loudness(levelled)
        if now == -math.inf or abs(target - now) < WITHIN:
            break
        gain += target - now
        levelled = limit(samples * np.float32(10 ** (gain / 20)))
    return levelled


def limit(samples: Samples) -> Samples:
    """Turn down smoothly around peaks above CEILING, so that none is; what is not near one stays as it is."""
    loudest = float(np.max(np.abs(samples), initial=0))
    if loudest <= CEILING:
        return samples
    # The gain each sample needs, then the least within ATTACK of it, then the mean of that: never above what is needed.
    gain = np.minimum(1.0, CEILING / np.maximum(np.abs(samples), 1e-9)).astype(np.float64)
    least = np.pad(gain, ATTACK, constant_values=1.0)
    step = 1
    while step < ATTACK:
        least = np.minimum(least[:-step], least[step:])
        step *= 2
    smooth = np.convolve(least, np.full(ATTACK, 1 / ATTACK), "valid")
    first = (len(smooth) - len(samples)) // 2
    return (samples * smooth[first : first + len(samples)]).astype(np.float32)


def trim(samples: Samples, rate: int = RATE) -> Samples:
    """Cut silence at both ends, leaving 50 ms."""
    power = powers(samples, rate)
    if power.size == 0 or power.max() == 0:
        return samples
    heard = np.flatnonzero(power > power.max() * 10 ** (SILENCE / 10))
    # The pieces between silences; a click at an end (Pico ends with one) would keep the silence before it.
    pieces = np.split(heard, np.flatnonzero(np.diff(heard) > APART / FRAME) + 1)
    while len(pieces) > 1 and len(pieces[-1]) <= CLICK / FRAME:
        pieces.pop()
    while len(pieces) > 1 and len(pieces[0]) <= CLICK / FRAME:
        pieces.pop(0)
    frame, margin = round(rate * FRAME), round(rate * MARGIN)
    return samples[max(0, int(pieces[0][0]) * frame - margin) : (int(pieces[-1][-1]) + 1) * frame + margin]


def for_telephone(samples: Samples, rate: int, target: float = LOUDNESS) -> Samples:
    """Any mono sound at `rate` Hz as a prompt of `target` dBFS."""
    narrow = soxr.resample(samples, rate, RATE) if rate != RATE else samples
    return level(trim(np.asarray(narrow, dtype=np.float32)), target)


def read(path: Path, most: int = RATE, look: Callable[[Samples], None] = lambda block: None) -> tuple[Samples, int]:
    """(samples, rate) of a sound file, mixed to mono and brought down to at most `most` Hz.

    It is read in blocks, so that memory is bounded whatever the file is or says; `look` is shown each block as the
    file has it, of shape (n, channels). Raises AudioError.
    """
    try:
        with soundfile.SoundFile(path) as file:
            return _read(file, most, look)
    except soundfile.LibsndfileError as error:
        raise AudioError("not-audio", f"it cannot be read as sound: {error.error_string.rstrip('.')}") from error


def _read(file: soundfile.SoundFile, most: int, look: Callable[[Samples], None]) -> tuple[Samples, int]:
    if file.frames > LONGEST * file.samplerate:
        minutes = file.frames / file.samplerate / 60
        raise AudioError("too-long", f"it lasts {minutes:.0f} minutes; a prompt may last {LONGEST / 60:.0f}")
    rate = min(most, file.samplerate)
    stream = soxr.ResampleStream(file.samplerate, rate, 1, dtype="float32") if rate != file.samplerate else None
    parts, frames = [], 0
    while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
        if not np.isfinite(block).all():
            second = (frames + int(np.nonzero(~np.isfinite(block))[0][0])) / file.samplerate
            raise AudioError(
                "not-numbers", f"{second:.1f} s in there are samples that are no numbers (NaN or infinite)"
            )
        frames += len(block)
        look(block)
        mono = block.mean(axis=1, dtype=np.float32)
        parts.append(stream.resample_chunk(mono) if stream else mono)
    if frames < file.frames:
        promised = file.frames / file.samplerate
        raise AudioError("cut-off", f"it promises {promised:.1f} s of sound and holds {frames / file.samplerate:.1f} s")
    if stream:
        parts.append(stream.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(parts) if parts else np.zeros(0, np.float32), rate


def seconds(path: Path) -> float:
    """How long a prompt that `write` wrote at RATE plays; told by its size, for each prompt of each call asks it."""
    return max(0, path.stat().st_size - HEADER) / (RATE * 2)


def write(path: Path, samples: Samples, rate: int = RATE) -> None:
    """Write mono sound as WAV PCM of 16 bit; the file appears whole or not at all."""
    part = path.with_suffix(f".{secrets.token_hex(4)}.part")
    try:
        soundfile.write(part, samples, rate, subtype="PCM_16", format="WAV")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
