"""What is wrong, and the letters about it that nobody has taken yet: one file, so that who watches may be restarted."""

import os
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, field

from ivr.watching.alarms import Alarm, Notice

NAME = "alarms.json"
MOST = 200  # letters that wait; then the oldest go
Way = Literal["mail", "webhook"]


class Letter(Struct, frozen=True):
    """The same `id` again is the same letter. `at`: seconds since 1970."""

    id: str
    way: Way
    at: float
    notices: list[Notice]


class Book(Struct):
    alarms: dict[str, Alarm] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)

    def add(self, letters: list[Letter]) -> int:
        """Returns how many old ones had to go for it."""
        kept = [*self.letters, *letters]
        self.letters = kept[-MOST:]
        return len(kept) - len(self.letters)

    def told(self) -> dict[str, Alarm]:
        """Those that people were told of."""
        return {name: alarm for name, alarm in self.alarms.items() if alarm.told is not None}


def read(data: Path) -> Book:
    """An empty one when there is none, or when what is there cannot be read: alarms begin anew then."""
    try:
        return msgspec.json.decode((data / NAME).read_bytes(), type=Book)
    except (OSError, msgspec.MsgspecError):
        return Book()


def write(data: Path, book: Book) -> None:
    """Whole or not at all. Raises OSError."""
    part = data / f".{NAME}.part"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(book))
    part.replace(data / NAME)
