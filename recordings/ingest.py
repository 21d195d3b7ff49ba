"""Ingest: a raw conversation from the spool becomes a sealed WAV in the vault and a row in the catalogue.

The order makes a crash harmless at any point: the sealed WAV (whole, synced), read back and compared; the row with its
key, in one transaction; and only then the raw file goes. A key that no row has is lost with the process, so what a
crash leaves in the store opens for nobody, and the next try takes its place: a recording's id, and so its name, is
made of its call and number.
"""

import fcntl
import hashlib
import logging
import math
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from ivr.problem import Problem
from ivr.store import catalogue, outbox
from ivr.store.database import Database
from ivr.store.schema import Call, Recording
from recordings import wav
from recordings.keys.ring import ORIGINAL
from recordings.reader import whole
from recordings.sealed import Damaged
from recordings.stores import NotStored
from recordings.vault import Forgotten, Vault, stored_name

log = logging.getLogger(__name__)

USUAL_RATE = 8000
# A recording this much shorter than its conversation has lost something.
SLACK = 1.0
QUIET = 30.0


def ingest(database: Database, vault: Vault, raw: Path, timezone: str, expected: float | None = None) -> str | None:
    """Returns the recording's id; None when there is none now (the reason is logged; what has sound stays in the
    spool). Done again, or by several at once, it makes the same one recording.

    `expected` is the conversation's length in seconds, where it is known.
    """
    id, _ = spooled(raw)
    call = id.rpartition("-")[0]
    try:
        with _alone(raw) as sound:
            if sound is not None:
                return _take(database, vault, raw, sound, timezone, expected)
            with database.read() as session:
                if session.get(Recording, id) is not None:
                    return id  # another was faster
        log.error("the conversation left no sound in the spool", extra={"call": call})
    except (OSError, Problem) as error:
        log.error("a recording could not be stored and stays in the spool: %s", error, extra={"call": call})
    return None


def sweep(database: Database, vault: Vault, spool: Path, timezone: str) -> int:
    """Ingest every raw file nobody writes to any more; returns how many recordings were made."""
    old = time.time() - QUIET
    waiting = [raw for raw in sorted(spool.glob("*.raw")) if _written(raw) < old]
    return sum(ingest(database, vault, raw, timezone) is not None for raw in waiting)


def _written(raw: Path) -> float:
    try:
        return raw.stat().st_mtime
    except FileNotFoundError:  # another took it just now
        return math.inf


def spooled(raw: Path) -> tuple[str, int]:
    """A recording's id and its rate, from the name of its raw file: `ID.raw`, or `ID.16000.raw`."""
    id, _, rate = raw.stem.partition(".")
    return id, int(rate) if re.fullmatch(r"[0-9]{4,6}", rate) else USUAL_RATE


@contextmanager
def _alone(raw: Path) -> Iterator[BinaryIO | None]:
    """The raw file, for one process or thread at a time; None when it is not there, or not any more."""
    try:
        sound = raw.open("rb")
    except FileNotFoundError:
        yield None
        return
    with sound:
        fcntl.flock(sound, fcntl.LOCK_EX)
        yield sound if os.fstat(sound.fileno()).st_nlink else None


def _take(
    database: Database, vault: Vault, raw: Path, sound: BinaryIO, timezone: str, expected: float | None
) -> str | None:
    id, rate = spooled(raw)
    call_id = id.rpartition("-")[0]
    length = wav.length_of(sound)
    with database.read() as session:
        call, row = session.get(Call, call_id), session.get(Recording, id)
    if not length:
        log.error("the conversation left no sound in the spool", extra={"call": call_id})
        raw.unlink()
        return None
    if call is None:
        log.error("a raw recording belongs to no call; it stays in the spool", extra={"file": raw.name})
        return None
    if row is not None and row.purged_at is not None:
        log.warning("the raw sound of a recording that was deleted is deleted, too", extra={"call": call_id})
        raw.unlink()
        return None
    size = len(wav.header(length, rate)) + length
    if row is not None and row.bytes >= size and _opens(database, vault, row):  # a crash came late
        if _digest(wav.pieces(sound, length, rate)) != row.sha256:
            log.error("other sound is stored under the same name; this stays in the spool", extra={"file": raw.name})
            return None
    else:
        day = call.started_at.astimezone(ZoneInfo(timezone)).date()
        new = Recording(id=id, call_id=call_id, day=day, file=stored_name(day, id, ORIGINAL), rate=rate, bytes=size)
        new.seconds = length / wav.FRAME / rate
        new.complete = _is_complete(new, expected)
        _store(database, vault, new, wav.pieces(sound, length, rate), ZoneInfo(timezone))
    if wav.length_of(sound) != length:
        raise OSError(None, "it grew while it was read", str(raw))  # the next try takes all of it
    raw.unlink()
    return id


def _opens(database: Database, vault: Vault, row: Recording) -> bool:
    """Whether what is stored is what its row says. Raises StorageError when the store cannot say."""
    try:
        with database.read() as session:
            stored = vault.open(session, row.id, row.day)
        return _digest(whole(stored)) == row.sha256
    except (Damaged, Forgotten, NotStored):
        return False


def _store(database: Database, vault: Vault, row: Recording, sound: Iterable[bytes], zone: ZoneInfo) -> None:
    """`row` lacks only what is known when it is done."""
    vault.ring.current(ORIGINAL)  # when it cannot be had, that is said before all the work
    written = hashlib.sha256()
    key = vault.put(row.file, row.id, ORIGINAL, _told(written, sound))
    row.sha256, row.stored_at = written.hexdigest(), datetime.now(UTC)
    if _digest(whole(vault.read(row.file, row.id, ORIGINAL, key))) != row.sha256:
        raise Damaged(f"{row.file}: what the store gives back is not what it was given")
    row.kind = "message" if row.id.rpartition("-")[2].startswith("m") else "conversation"
    with database.transaction() as session:
        session.merge(row)
        catalogue.enter(session, row, zone)
        outbox.recorded(session, row.call_id, row.stored_at)
        vault.keep(session, row.id, ORIGINAL, key)


def _is_complete(row: Recording, expected: float | None) -> bool:
    if expected is None or row.seconds >= expected - SLACK:
        return True
    log.error(
        "a recording is incomplete: %.1f s of a conversation of %.1f s reached the disk",
        row.seconds,
        expected,
        extra={"call": row.call_id},
    )
    return False


def _told(digest: "hashlib._Hash", pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece


def _digest(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
