"""The picture of a recording: how loud it is over time, each channel for itself, and where nobody speaks. Pure."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soundfile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

WINDOW = 0.05  # seconds that are measured together
POINTS = 2000  # of the picture, a channel, at most
SILENT = 10 ** (-45 / 20)  # of full scale (RMS): what is below, in all channels, is noise of the line
LEAST = 1.5  # seconds that a silence lasts, or it is a breath
READ = 1 << 20  # bytes at a time
BLOCK = 400  # windows at a time


@dataclass(frozen=True)
class Picture:
    """`levels`: a channel each, peaks from 0 to 255 (full scale), evenly over `seconds`. `silences`: (start, end)."""

    seconds: float
    levels: list[bytes]
    silences: list[tuple[float, float]]


def picture(sound: io.RawIOBase) -> Picture:
    """Reads the WAV once, in constant memory. Raises NotSound for what is none, and whatever reading raises."""
    with _opened(sound) as file:
        frames = max(1, round(file.samplerate * WINDOW))
        peaks, quiet = [np.zeros((0, file.channels))], [np.zeros(0, bool)]
        for block in file.blocks(frames * BLOCK, dtype="float32", always_2d=True, fill_value=None):
            missing = -len(block) % frames
            windows = np.pad(block, ((0, missing), (0, 0))).reshape(-1, frames, file.channels)
            peaks.append(np.abs(windows).max(axis=1))
            quiet.append((np.sqrt((windows**2).mean(axis=1)) < SILENT).all(axis=1))
        seconds = file.frames / file.samplerate
    return Picture(seconds, _levels(np.concatenate(peaks)), _silences(np.concatenate(quiet), seconds))


class NotSound(Exception):
    """What is no WAV, or ends before its end."""


class _Source(io.BufferedReader):
    """libsndfile's callbacks swallow what is raised in them: it is kept here, for after them."""

    problem: Exception | None = None

    def readinto(self, buffer: "WriteableBuffer") -> int:
        try:
            return super().readinto(buffer)
        except Exception as error:
            self.problem = error
            return 0


@contextmanager
def _opened(sound: io.RawIOBase) -> Iterator[soundfile.SoundFile]:
    source = _Source(sound, READ)
    try:
        with soundfile.SoundFile(source) as file:
            yield file
            if file.tell() < file.frames:
                raise NotSound(f"it ends after {file.tell()} of {file.frames} frames")
    except (soundfile.LibsndfileError, NotSound) as error:
        raise source.problem or NotSound(str(error)) from None


def _levels(peaks: np.ndarray) -> list[bytes]:
    if not len(peaks):
        return [b"" for _ in range(peaks.shape[1])]
    starts = np.unique(np.linspace(0, len(peaks), POINTS, endpoint=False).astype(int))
    points = np.maximum.reduceat(peaks, starts, axis=0)
    return [bytes(column) for column in np.rint(np.minimum(points, 1) * 255).astype(np.uint8).T]


def _silences(quiet: np.ndarray, seconds: float) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], quiet, [False])).astype(np.int8)))
    pairs = [
        (round(start * WINDOW, 2), round(min(end * WINDOW, seconds), 2)) for start, end in edges.reshape(-1, 2).tolist()
    ]
    return [(start, end) for start, end in pairs if end - start >= LEAST]
