"""Asterisk's AudioSocket protocol, as `chan_audiosocket` speaks it: messages of a kind (1 byte), a length (2 bytes, the
greater first) and so much content. The first names the connection by a UUID; sound is signed 16-bit, 8 kHz, mono."""

import struct
from asyncio import StreamReader

HANG_UP, UUID, SOUND = 0x00, 0x01, 0x10
RATE = 8000
FRAME = 0.02  # seconds of sound in a message
_HEAD = struct.Struct(">BH")


async def receive(reader: StreamReader) -> tuple[int, bytes]:
    """(kind, content). Raises IncompleteReadError at the end."""
    kind, length = _HEAD.unpack(await reader.readexactly(_HEAD.size))
    return kind, await reader.readexactly(length)


def sound(samples: bytes) -> bytes:
    return _HEAD.pack(SOUND, len(samples)) + samples
