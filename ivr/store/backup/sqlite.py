"""SQLite's own online backup."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from ivr.store.database import StoreError

NAME = "database.sqlite3"


def copy_out(source: Path, folder: Path) -> None:
    """In one step: who reads stops nobody from writing, and nobody who writes makes it begin anew. Raises OSError,
    StoreError."""
    target = folder / NAME
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            target.chmod(0o600)
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file
            told = copy.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise StoreError(f"{source}: {error}; is it there, and is the disk full?") from error
    if told != "ok":
        raise StoreError(f"{source}: is damaged ({told}); bring back the newest backup from before")
    _sync(target)


def copy_in(folder: Path, target: Path) -> None:
    """Whole, or not at all. Raises OSError."""
    part = target.with_name(f"{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(folder / NAME, part)
    part.chmod(0o600)
    _sync(part)
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    part.replace(target)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
