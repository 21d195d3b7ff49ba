"""Where sealed recordings lie: one module a kind of store. All do the same, which `Store` says."""

import re
from collections.abc import Iterable, Iterator
from typing import Protocol

from ivr.problem import Problem

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


class StorageError(Problem):
    """The store cannot be used, or does not do what was asked; the message says what and where."""


class NotStored(StorageError):
    """Nothing has that name."""


class Store(Protocol):
    """Names are relative, with slashes. Safe to use from several threads; one name has one writer at a time.
    Everything raises StorageError."""

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """Under that name there is all of it, on the disk, or what was there before; never a part."""

    def read(self, name: str, start: int, length: int) -> bytes:
        """Those bytes, or as many as there are. Raises NotStored."""

    def size(self, name: str) -> int:
        """In bytes. Raises NotStored."""

    def delete(self, name: str) -> None:
        """That it was gone already is no error."""

    def names(self, folder: str = "") -> Iterator[str]:
        """All that lie in `folder` (as `2026/11/24`) and below, one after the other, however many there are."""


def checked(name: str) -> str:
    """Raises StorageError for a name that could lead anywhere else than below the store."""
    if not _NAME.fullmatch(name):
        raise StorageError(f"{name!r} is no name of a stored recording: it has letters, digits, . _ - and / between")
    return name
