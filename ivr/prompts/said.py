"""Sentences with values, made while a call waits: kept only so long, and only so many.

They say what concerns one citizen. A file's time of change is when it was made, its time of access when it was said.
"""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20
# A file said this recently may still be playing.
PLAYING = 600.0


@dataclass(frozen=True)
class Limits:
    """`age` in seconds since a sentence was made, `size` in MiB of all of them."""

    age: float = 86400.0
    size: float = 64.0


@dataclass(frozen=True)
class Kept:
    path: Path
    made: float
    said: float
    size: int


def surplus(kept: Iterable[Kept], limits: Limits, now: float) -> list[Path]:
    """What has to go: the too old, then, until the rest fits, those not said for longest."""
    going, staying, room = [], [], limits.size * MIB
    for one in kept:
        if now - one.said > PLAYING and now - one.made > limits.age:
            going.append(one.path)
        else:
            staying.append(one)
    for one in sorted(staying, key=lambda one: one.said, reverse=True):
        room -= one.size
        if room < 0 and now - one.said > PLAYING:
            going.append(one.path)
    return going


def use(path: Path) -> bool:
    """Note that it is said now; false when it is not there."""
    try:
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
    except FileNotFoundError:
        return False
    return True


def sweep(folder: Path, limits: Limits, now: float) -> list[Path]:
    """Delete what is too old or too much below `folder`; returns what was deleted."""
    kept = []
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            stat = path.stat()
            if path.is_file():
                kept.append(Kept(path, stat.st_mtime, stat.st_atime, stat.st_size))
    gone = surplus(kept, limits, now)
    for path in gone:
        path.unlink(missing_ok=True)
    return gone
