"""Sound as the anonymiser takes it: blocks of float32 frames, shape (n, channels), full scale ±1.

A source can be read more than once: the first reading finds what to cover, the second changes the voice. So sound that
lies encrypted is decrypted twice, block by block, and never lies open on a disk.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATES = (8000, 16000)
BLOCK = 1 << 16  # frames
WIDTH = 2  # bytes a sample
_RF64_FROM = (1 << 32) - (1 << 16)


class SoundError(Exception):
    """Sound that cannot be anonymised; the message says why and what to do."""


class Source(Protocol):
    rate: int
    channels: int

    def frames(self) -> Iterator[Samples]:
        """From the beginning. Raises SoundError."""
        ...


class Pcm:
    """Interleaved 16-bit little-endian PCM, as the recordings' vault gives it: `read` begins anew at each call."""

    def __init__(self, read: Callable[[], Iterable[bytes]], rate: int, channels: int) -> None:
        self.rate, self.channels, self._read = _fit(rate, "the sound"), channels, read

    def frames(self) -> Iterator[Samples]:
        rest, size = b"", WIDTH * self.channels
        for piece in self._read():
            whole = rest + piece
            end = len(whole) // size * size
            rest = whole[end:]
            for first in range(0, end, BLOCK * size):
                part = np.frombuffer(whole[first : min(end, first + BLOCK * size)], dtype="<i2")
                yield part.reshape(-1, self.channels).astype(np.float32) / np.float32(32768)
        if rest:
            raise SoundError("the sound ends within a frame: it is cut off, or has another number of channels")


class Wav:
    """A WAV file of one or more channels. Raises SoundError when it is none, or none that can be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            about = soundfile.info(path)
        except soundfile.LibsndfileError as error:
            raise SoundError(f"it cannot be read as sound: {error.error_string.rstrip('.')}") from error
        if about.format not in ("WAV", "WAVEX", "RF64"):
            raise SoundError(f"it is no WAV ({about.format_info})")
        if _cut_off(path):
            raise SoundError("it is cut off: it promises more sound than it holds")
        if not about.frames:
            raise SoundError("it holds no sound")
        self.rate, self.channels, self.expected = _fit(about.samplerate, "it"), about.channels, about.frames

    def frames(self) -> Iterator[Samples]:
        count = 0
        with soundfile.SoundFile(self._path) as file:
            while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
                if not np.isfinite(block).all():
                    raise SoundError(f"samples are no numbers within a second of {count / self.rate:.0f} s")
                count += len(block)
                yield block
        if count != self.expected:
            raise SoundError("it changed while it was read")


def to_pcm(block: Samples) -> bytes:
    """Interleaved 16-bit little-endian PCM of a block."""
    whole: NDArray[np.int16] = np.clip(np.rint(block * 32768), -32768, 32767).astype("<i2")
    return whole.tobytes()


def write(path: Path, blocks: Iterable[Samples], rate: int, channels: int, frames: int) -> None:
    """A WAV of 16 bit; RF64 when `frames`, the expected length, is beyond what WAV can say."""
    form = "RF64" if frames * channels * WIDTH >= _RF64_FROM else "WAV"
    with soundfile.SoundFile(path, "w", rate, channels, "PCM_16", format=form) as file:
        for block in blocks:
            file.buffer_write(to_pcm(block), dtype="int16")


def _cut_off(path: Path) -> bool:
    """libsndfile reads a file that is shorter than it says as if it were meant so."""
    with path.open("rb") as file:
        form, length = file.read(4), int.from_bytes(file.read(4), "little")
    return form == b"RIFF" and length + 7 > path.stat().st_size  # some count a last byte that they do not write


def _fit(rate: int, what: str) -> int:
    if rate not in RATES:
        raise SoundError(f"{what} has {rate} samples a second; 8000 or 16000 are taken: resample it first")
    return rate
