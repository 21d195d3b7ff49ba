"""The spool: what Asterisk's MixMonitor writes, until ingest has taken it.

A recording is a folder, named by its id, with a file for each direction: `caller`, what the caller says, and `heard`,
what they hear; 16-bit PCM, `.sln` at 8 kHz and `.sln16` at 16 kHz. Both go on together: MixMonitor puts silence
where nothing comes. (Its option D writes both into one file, which is noise as soon as anybody in the call speaks a
codec of more than 8 kHz: it does not resample; Asterisk issue 1779.)
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from recordings.wav import CHANNELS, FRAME, WIDTH

NAMES = ("caller", "heard")
RATES = {".sln": 8000, ".sln16": 16000}
USUAL_RATE, WIDE_RATE = RATES.values()
_OVER = ".over"  # of a folder whose sound is stored


def folder_of(spool: Path, call: str, part: str) -> Path:
    """`part` is a number for a conversation, and begins with `m` for a message."""
    return spool / f"{call}-{part}"


def call_of(folder: Path) -> str:
    return folder.name.rpartition("-")[0]


def files(folder: Path, rate: int) -> list[Path]:
    """In the order of the channels."""
    (ending,) = (ending for ending, one in RATES.items() if one == rate)
    return [folder / f"{name}{ending}" for name in NAMES]


def rate_of(folder: Path) -> int:
    """Hz; the usual rate when nothing has been written."""
    return next((rate for rate in RATES.values() if any(file.exists() for file in files(folder, rate))), USUAL_RATE)


def waiting(spool: Path) -> list[Path]:
    """The folders whose sound is not stored."""
    return sorted(path for path in spool.glob("*") if path.suffix != _OVER and path.is_dir())


def size(folder: Path) -> int:
    """Bytes, of all its files."""
    return sum(path.stat().st_size for path in folder.glob("*"))


def written(folder: Path) -> float:
    """When anything in it was written last, seconds since 1970. Raises FileNotFoundError when it is gone."""
    return max(path.stat().st_mtime for path in (folder, *folder.glob("*")))


def fall_silent(folder: Path, seconds: float, rate: int) -> None:
    """Silence behind what is there, which may be nothing. Both directions are equally long after it."""
    folder.mkdir(exist_ok=True)
    pair = files(folder, rate)
    longest = max(path.stat().st_size if path.exists() else 0 for path in pair) // WIDTH
    for path in pair:
        path.touch()
        os.truncate(path, (longest + round(seconds * rate)) * WIDTH)


def drop(folder: Path) -> None:
    """It goes at once: what a crash leaves is taken for nothing but what it is."""
    over = folder.with_name(folder.name + _OVER)
    if over.exists():
        shutil.rmtree(over)
    folder.rename(over)
    shutil.rmtree(over)


def clear(spool: Path) -> None:
    """What a crash left of folders that were dropped."""
    for folder in spool.glob(f"*{_OVER}"):
        shutil.rmtree(folder, ignore_errors=True)


class Sound:
    """Both directions as one, frame by frame; reads as a file does. A direction that is shorter ends in silence."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.name, self.rate = str(folder), rate_of(folder)
        self._files: list[BinaryIO | None] = [
            stack.enter_context(path.open("rb")) if path.exists() else None for path in files(folder, self.rate)
        ]

    @property
    def length(self) -> int:
        """Bytes of whole frames; Asterisk may have been cut off within one."""
        return max(self._samples()) * FRAME

    @property
    def both(self) -> float:
        """Seconds of which both directions are there."""
        return min(self._samples()) / self.rate

    def _samples(self) -> list[int]:
        return [os.fstat(file.fileno()).st_size // WIDTH if file else 0 for file in self._files]

    def seek(self, frame: int) -> None:
        for file in self._files:
            if file:
                file.seek(frame * WIDTH)

    def read(self, size: int) -> bytes:
        """Whole frames, `size` bytes of them at most."""
        read = [file.read(size // FRAME * WIDTH) if file else b"" for file in self._files]
        samples = [np.frombuffer(one[: len(one) // WIDTH * WIDTH], "<i2") for one in read]
        frames = np.zeros((max(len(one) for one in samples), CHANNELS), "<i2")
        for channel, one in enumerate(samples):
            frames[: len(one), channel] = one
        return frames.tobytes()


@contextmanager
def alone(folder: Path) -> Iterator[Sound | None]:
    """A recording's sound, for one process or thread at a time; None when it is not there, or not any more."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        yield None
        return
    with ExitStack() as stack:
        stack.callback(os.close, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield Sound(folder, stack) if _is(folder, descriptor) else None


def _is(folder: Path, descriptor: int) -> bool:
    """Whether that name still is the folder that was opened."""
    try:
        return os.path.samestat(folder.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
