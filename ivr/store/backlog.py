"""What could not be written while the database was away, in a file: one line of JSON a write, synced before anybody is
told that it is kept, and gone when all of it is in the database.

A file belongs to one controller at a time (a lock says so); what one that has ended left is written by the next that
starts on this machine, of whatever name.
"""

import fcntl
import itertools
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from ivr.store.database import Database, StoreError
from ivr.store.holder import end
from ivr.store.writes import Kept

log = logging.getLogger(__name__)
ENDING, ASIDE = ".jsonl", ".refused"
MOST = 64 << 20  # bytes; a call takes about 3,000
AT_ONCE = 200  # writes in one transaction


class Full(StoreError):
    """The backlog holds as much as it may."""


class Backlog:
    """Raises StoreError when another process has this name."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{name}{ENDING}"
        file = _locked(self._path)
        if file is None:
            raise StoreError(f"{self._path}: another process has this; is a controller of the same name running?")
        self._file, self._folder = file, folder
        # Whoever was killed while writing had told nobody that it is kept: half a line goes.
        self._length = file.truncate(file.read().rfind(b"\n") + 1)
        self._done = 0  # bytes that are in the database

    @property
    def empty(self) -> bool:
        return not self._length

    @property
    def settled(self) -> bool:
        """Whether nobody on this machine keeps anything."""
        return not any(path.stat().st_size for path in self._folder.glob(f"*{ENDING}"))

    def writes(self) -> list[Kept]:
        """What it holds. Raises msgspec.DecodeError."""
        self._file.seek(0)
        return [_read(line) for line in self._file.read(self._length).splitlines()]

    def left_by(self, name: str) -> "Backlog | None":
        """That of another controller that is dead: the kernel gives its lock to nobody else. None while it lives, or
        when it is none of this machine."""
        try:
            return Backlog(self._folder, name) if (self._folder / f"{name}{ENDING}").exists() else None
        except StoreError:
            return None

    def end(self, name: str, process: int) -> bool:
        """Kill this process, if it has the backlog of that name."""
        path = self._folder / f"{name}{ENDING}"
        return path.exists() and end(path, process)

    def clear(self) -> None:
        """Another keeps all of it."""
        self._file.truncate(0)
        os.fsync(self._file.fileno())
        self._length = self._done = 0

    def keep(self, writes: Sequence[Kept]) -> None:
        """All of them, or none. Raises OSError, and Full."""
        lines = b"".join(msgspec.json.encode(one) + b"\n" for one in writes)
        if self._length + len(lines) > MOST:
            raise Full(f"{self._path}: holds {self._length >> 20} MiB, as much as it may")
        try:
            self._file.seek(self._length)
            self._file.write(lines)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError:
            os.truncate(self._path, self._length)
            raise
        self._length += len(lines)

    def write(self, database: Database) -> None:
        """Into the database, in order. Raises what says that it is away; what it refuses is put aside, and told."""
        if self.empty:
            return
        self._file.seek(self._done)
        while lines := list(itertools.islice(self._file, AT_ONCE)):
            self._carry_out(database, lines)
            self._done += sum(map(len, lines))
        log.info("what was kept while the database was away is written: %d bytes", self._length)
        self.clear()

    def take_up(self, database: Database) -> None:
        """Write what controllers that have ended left here."""
        for path in sorted(self._folder.glob(f"*{ENDING}")):
            if path != self._path and path.stat().st_size:
                try:
                    left = Backlog(self._folder, path.stem)
                except StoreError:  # one that runs
                    continue
                left.write(database)
                left.close()

    def close(self) -> None:
        self._file.close()

    def _carry_out(self, database: Database, lines: list[bytes], *, again: bool = False) -> None:
        try:
            writes = [_read(line) for line in lines]
            with database.transaction() as session:
                for write in writes:
                    write.again(session)
        except Exception as error:
            if database.is_away(error):
                raise
            if len(lines) > 1:  # one of them spoils the rest
                for line in lines:
                    self._carry_out(database, [line])
            elif not again:  # a commit whose answer was lost may have come in between
                self._carry_out(database, lines, again=True)
            else:
                self._set_aside(lines[0], error)

    def _set_aside(self, line: bytes, error: Exception) -> None:
        path = self._path.with_suffix(ASIDE)
        log.error("a write that was kept is refused, and put into %s: %s", path, error)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def _read(line: bytes) -> Kept:
    kept: Kept = msgspec.json.decode(line, type=Kept)
    return kept


def _locked(path: Path) -> BinaryIO | None:
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")  # numbers of callers are in it
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
