"""The sealed form of a recording: chunks of 64 KiB, each encrypted with AES-256-GCM.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", 2015): a chunk's nonce has its number and whether it is the last, so that chunks which were
altered, left out, cut off, reordered or appended do not open. The header and the `context` (which recording, which
copy) are bound to every chunk: one of another file does not open either. `docs/recordings-format.md` has it byte by
byte; `recordings/reader.py` reads it.
"""

import os
import struct
from collections.abc import Iterable, Iterator

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ivr.problem import Problem

MAGIC, VERSION = b"NNRV", 1
CHUNK, TAG, KEY = 1 << 16, 16, 32
_HEADER = struct.Struct(">4sBI7s")  # magic, version, chunk size, the nonces' prefix
HEADER = _HEADER.size
_PREFIX = 7


class Damaged(Problem):
    """What is stored is not what was sealed, or this is not its key; the message says where."""


def context(recording_id: str, copy: str) -> bytes:
    """What is bound to a recording's chunks and to its data key; `copy`: original, anonymised."""
    return f"{copy}/{recording_id}".encode()


def seal(key: bytes, bound: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The sealed form of `pieces` put together, header first. `key`: 32 random bytes that sealed nothing else.

    Pieces may have any length; those of a multiple of 64 KiB are not copied. Two of them are in memory at a time.
    """
    prefix = os.urandom(_PREFIX)
    header = _HEADER.pack(MAGIC, VERSION, CHUNK, prefix)
    yield header
    cipher, bound = AESGCM(key), header + bound
    for number, (chunk, last) in enumerate(_chunks(pieces)):
        yield cipher.encrypt(nonce(prefix, number, last), chunk, bound)


def nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


def prefix_of(header: bytes, name: str) -> bytes:
    """Raises Damaged for what is no header of this version; `name` is for the message."""
    if len(header) < HEADER or not header.startswith(MAGIC):
        raise Damaged(f"{name}: this is no sealed recording; it was stored by something else, or its begin is gone")
    _, version, chunk, prefix = _HEADER.unpack(header[:HEADER])
    if version != VERSION:
        raise Damaged(f"{name}: sealed in version {version} of the format; this Numero Nero reads version {VERSION}")
    if chunk != CHUNK:
        raise Damaged(f"{name}: chunks of {chunk} bytes; version {VERSION} of the format has {CHUNK}: it was altered")
    return bytes(prefix)


def _chunks(pieces: Iterable[bytes]) -> Iterator[tuple[bytes | memoryview, bool]]:
    """Chunks of 64 KiB, and whether it is the last; only the last may be shorter, and only a lone one empty."""
    left = filter(None, pieces)
    piece: bytes | None = next(left, b"")
    rest = b""
    while piece is not None:
        following = next(left, None)
        whole = memoryview(rest + piece if rest else piece)
        end = len(whole) if following is not None else len(whole) - 1
        full = max(end, 0) // CHUNK * CHUNK
        for start in range(0, full, CHUNK):
            yield whole[start : start + CHUNK], False
        rest, piece = bytes(whole[full:]), following
    yield rest, True
