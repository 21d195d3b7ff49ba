"""WAV around raw sound: two channels of 16-bit PCM, left the caller, right the operator."""

import struct
from collections.abc import Iterator
from typing import Protocol

CHANNELS, WIDTH = 2, 2
FRAME = CHANNELS * WIDTH
PIECE = 1 << 20
_PCM = 1
_LARGEST = (1 << 32) - 1


def header(length: int, rate: int) -> bytes:
    """What stands before `length` bytes of sound. From 4 GiB on (37 hours at 8 kHz) it is RF64, WAV with 64-bit lengths
    (EBU Tech 3306): common players and libsndfile read it."""
    sound = struct.pack("<4sIHHIIHH", b"fmt ", 16, _PCM, CHANNELS, rate, rate * FRAME, FRAME, 8 * WIDTH)
    inside = 4 + len(sound) + 8 + length  # all behind the first eight bytes
    if inside <= _LARGEST:
        return struct.pack("<4sI4s", b"RIFF", inside, b"WAVE") + sound + struct.pack("<4sI", b"data", length)
    lengths = struct.pack("<4sIQQQI", b"ds64", 28, inside + 36, length, length // FRAME, 0)
    return struct.pack("<4sI4s", b"RF64", _LARGEST, b"WAVE") + lengths + sound + struct.pack("<4sI", b"data", _LARGEST)


class Frames(Protocol):
    """Both channels, interleaved."""

    name: str

    def seek(self, frame: int) -> None: ...
    def read(self, size: int) -> bytes: ...


def length_within(size: int, rate: int) -> int | None:
    """Bytes of sound in a WAV of ours that has `size` bytes; None when none has."""
    lengths = (size - len(header(one, rate)) for one in (0, _LARGEST))
    return next((one for one in lengths if one >= 0 and len(header(one, rate)) + one == size), None)


def pieces(sound: Frames, length: int, rate: int) -> Iterator[bytes]:
    """The WAV of the first `length` bytes of `sound`, a mebibyte at a time. Raises OSError when they are not there."""
    sound.seek(0)
    before = header(length, rate)
    while length or before:
        piece = sound.read(min(length, PIECE - len(before)))
        if length and not piece:
            raise OSError(None, "it became shorter while it was read", sound.name)
        yield before + piece if before else piece
        before, length = b"", length - len(piece)
