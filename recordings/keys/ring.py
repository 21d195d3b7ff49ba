"""Key-encryption keys (KEK): each wraps the data keys of many recordings. Originals and anonymised copies have
different ones, so that who may only open the latter can be given only these.

A KEK is named `COPY-NUMBER`, as `original-20261128113000`; of each copy the one with the largest number is in use, and
the others only open what they have wrapped. The name is the same wherever the key is: a key may move.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from ivr.problem import Problem

ORIGINAL, ANONYMISED = COPIES = ("original", "anonymised")
_NAME = re.compile(rf"({'|'.join(COPIES)})-([0-9]{{1,20}})")


class KeyProblem(Problem):
    """A key that is not there, is not the right one, or cannot be made here; the message says what to do."""


class Kek(Protocol):
    """What a key management system can do with a key that it does not let out. Raises KeyProblem."""

    @property
    def id(self) -> str: ...

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        """`bound` is authenticated: what was wrapped for one recording does not unwrap for another."""

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes: ...


class Place(Protocol):
    """Where KEKs are: files, the environment, a hardware security module. Raises KeyProblem."""

    name: str

    def ids(self) -> list[str]:
        """In any order."""

    def get(self, id: str) -> Kek: ...

    def make(self, id: str) -> None:
        """A new random key of that name."""

    def remove(self, id: str) -> None:
        """Destroy it."""


class Ring:
    """All KEKs of an installation. In the first place they are in use and made; in the others they were before."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = tuple(places)

    def current(self, copy: str) -> Kek:
        """The one in use; at first use it is made."""
        place = self.places[0]
        return place.get(newest(place.ids(), copy) or self.make(copy))

    def get(self, id: str) -> Kek:
        return self.place(id).get(id)

    def place(self, id: str) -> Place:
        for place in self.places:
            if id in place.ids():
                return place
        looked = ", ".join(place.name for place in self.places)
        raise KeyProblem(f"the key {id} is not in {looked}; bring it back, or what it has wrapped is lost")

    def make(self, copy: str) -> str:
        """Put a new one into use; gives its name, whose number is the time, or one larger than the largest."""
        last = number(newest([id for place in self.places for id in place.ids()], copy))
        id = f"{copy}-{max(int(f'{datetime.now(UTC):%Y%m%d%H%M%S}'), last + 1)}"
        self.places[0].make(id)
        return id


def copy_of(id: str) -> str:
    """Which copies a KEK is for; "" for what is no name of one."""
    found = _NAME.fullmatch(id)
    return found[1] if found else ""


def newest(ids: Sequence[str], copy: str) -> str:
    """Of that copy; "" when there is none."""
    return max((id for id in ids if copy_of(id) == copy), key=number, default="")


def number(id: str) -> int:
    """0 for ""."""
    return int(id.rpartition("-")[2] or 0)
