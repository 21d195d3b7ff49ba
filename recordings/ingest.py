"""Ingest: a conversation from the spool becomes a sealed WAV in the vault and a row in the catalogue.

The order makes a crash harmless at any point: the sealed WAV (whole, synced), read back and compared; the row with its
key and the wish for an anonymised copy, in one transaction; and only then the spool lets it go. A key that no row has
is lost with the process, so what a crash leaves in the store opens for nobody, and the next try takes its place: a
recording's id, and so its name, is made of its call and number.
"""

import hashlib
import logging
import math
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr.problem import Problem
from ivr.store import anonymisations, calls, catalogue, outbox
from ivr.store.database import Database
from ivr.store.schema import Call, Recording
from recordings import spool, wav
from recordings.keys.ring import ORIGINAL
from recordings.reader import whole
from recordings.sealed import Damaged
from recordings.stores import NotStored
from recordings.vault import Forgotten, Vault, stored_name

log = logging.getLogger(__name__)

# A recording this much shorter than its conversation has lost something.
SLACK = 1.0
QUIET = 30.0


def ingest(database: Database, vault: Vault, folder: Path, timezone: str, expected: float | None = None) -> str | None:
    """Returns the recording's id; None when there is none now (the reason is logged; what has sound stays in the
    spool). Done again, or by several at once, it makes the same one recording.

    `expected` is the conversation's length in seconds, where it is known.
    """
    id, call = folder.name, spool.call_of(folder)
    try:
        with spool.alone(folder) as sound:
            if sound is not None:
                return _take(database, vault, folder, sound, timezone, expected)
            with database.read() as session:
                if session.get(Recording, id) is not None:
                    return id  # another was faster
        log.error("the conversation left no sound in the spool", extra={"call": call})
    except (OSError, Problem) as error:
        log.error("a recording could not be stored and stays in the spool: %s", error, extra={"call": call})
    return None


def sweep(database: Database, vault: Vault, place: Path, timezone: str) -> int:
    """Ingest from the spool at `place` all that nobody writes to any more and whose call is over; returns how many
    recordings were made."""
    spool.clear(place)
    old = time.time() - QUIET
    waiting = [folder for folder in spool.waiting(place) if _written(folder) < old]
    if waiting:
        with database.read() as session:
            live = {call.id for call in calls.live(session)}
        waiting = [folder for folder in waiting if spool.call_of(folder) not in live]
    return sum(ingest(database, vault, folder, timezone) is not None for folder in waiting)


def _written(folder: Path) -> float:
    try:
        return spool.written(folder)
    except FileNotFoundError:  # another took it just now
        return math.inf


def _take(
    database: Database, vault: Vault, folder: Path, sound: spool.Sound, timezone: str, expected: float | None
) -> str | None:
    id, call_id, rate, length = folder.name, spool.call_of(folder), sound.rate, sound.length
    with database.read() as session:
        call, row = session.get(Call, call_id), session.get(Recording, id)
    if not length:
        log.error("the conversation left no sound in the spool", extra={"call": call_id})
        spool.drop(folder)
        return None
    if call is None:
        log.error("a raw recording belongs to no call; it stays in the spool", extra={"recording": id})
        return None
    if row is not None and (row.purged_at or row.original_gone_at):
        log.warning("the raw sound of a recording that was deleted is deleted, too", extra={"call": call_id})
        spool.drop(folder)
        return None
    size = len(wav.header(length, rate)) + length
    if row is not None and row.bytes >= size and _opens(database, vault, row):  # a crash came late
        if _digest(wav.pieces(sound, length, rate)) != row.sha256:
            log.error("other sound is stored under the same name; this stays in the spool", extra={"recording": id})
            return None
    else:
        day = call.started_at.astimezone(ZoneInfo(timezone)).date()
        new = Recording(id=id, call_id=call_id, day=day, file=stored_name(day, id, ORIGINAL), rate=rate, bytes=size)
        new.seconds = length / wav.FRAME / rate
        new.complete = _is_complete(new, sound.both, expected)
        _store(database, vault, new, wav.pieces(sound, length, rate), ZoneInfo(timezone))
    if sound.length != length:
        raise OSError(None, "it grew while it was read", sound.name)  # the next try takes all of it
    spool.drop(folder)
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
        anonymisations.want(session, [row.id])


def _is_complete(row: Recording, both: float, expected: float | None) -> bool:
    """`both`: seconds of which both directions are there; `expected`: of the conversation."""
    if both >= (row.seconds if expected is None else expected) - SLACK:
        return True
    log.error(
        "a recording is incomplete: %.1f s of a conversation of %.1f s reached the disk",
        both,
        expected or row.seconds,
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
