"""The three connections of one listening, told apart by the last byte of their UUID."""

import uuid
from typing import Literal

Place = Literal["operator", "others", "supervisor"]
PLACES: tuple[Place, ...] = ("operator", "others", "supervisor")


def new() -> bytes:
    """The first fifteen bytes, which nobody guesses."""
    return uuid.uuid4().bytes[:15]


def address(listening: bytes, place: Place) -> str:
    """The UUID by which Asterisk connects what the operator says, what they hear, or the supervisor's phone."""
    return str(uuid.UUID(bytes=listening + bytes([PLACES.index(place)])))


def read(content: bytes) -> tuple[bytes, Place]:
    """Raises ValueError."""
    if len(content) != 16 or content[15] >= len(PLACES):
        raise ValueError("no UUID of ours")
    return content[:15], PLACES[content[15]]
