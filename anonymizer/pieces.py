"""A conversation cut into pieces at its quietest moments, and put together again without a seam, in constant memory."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from anonymizer.sound import Samples

SHORTEST, LONGEST = 8.0, 12.0  # seconds of a piece
AROUND = 0.2  # seconds known on either side of it
SEAM = 0.02  # seconds in which one piece fades into the next
STEP = 0.02


@dataclass(frozen=True)
class Piece:
    """`frames` holds the piece itself, frames[before : before + length], and what stands around it."""

    frames: Samples
    before: int
    length: int


def cut(
    blocks: Iterable[Samples], rate: int, channels: int, shortest: float = SHORTEST, longest: float = LONGEST
) -> Iterator[Piece]:
    """`shortest`, `longest`: seconds of a piece."""
    around, first, last = round(AROUND * rate), round(shortest * rate), round(longest * rate)
    kept: Samples = np.zeros((0, channels), np.float32)
    before = 0
    for block in blocks:
        kept = np.concatenate([kept, block])
        while len(kept) >= before + last + around:
            length = quietest(kept[before:], rate, first, last)
            yield Piece(kept[: before + length + around], before, length)
            keep = max(0, before + length - around)
            kept, before = kept[keep:], before + length - keep
    if len(kept) > before:
        yield Piece(kept, before, len(kept) - before)


def join(pieces: Iterable[Piece], change: Callable[[Piece], Samples], rate: int) -> Iterator[Samples]:
    """Each piece changed, as a block of its length. `change` keeps the shape of a piece and what is around it."""
    ramp = np.linspace(0, 1, round(SEAM * rate), dtype=np.float32)[:, None]
    carried: Samples | None = None
    for piece in pieces:
        changed, end = change(piece), piece.before + piece.length
        block = changed[piece.before : end].copy()
        if carried is not None:
            seam = min(len(carried), len(block))
            block[:seam] = block[:seam] * ramp[:seam] + carried[:seam] * (1 - ramp[:seam])
        carried = changed[end : end + len(ramp)]
        yield block


def quietest(frames: Samples, rate: int, first: int, last: int, seconds: float = STEP) -> int:
    """Where to cut: between `first` and `last`, in the middle of the step of `seconds` with the least energy."""
    step = round(seconds * rate)
    steps = frames[first:last]
    power = np.square(steps[: len(steps) // step * step]).reshape(-1, step * frames.shape[1]).sum(axis=1)
    return first + int(power.argmin()) * step + step // 2
