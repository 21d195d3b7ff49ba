"""What lies where recordings lie, is over, and has no row: files that came back with a backup of the store, recordings
whose row was lost with the database, raw sound that could never be ingested. It goes, too, and each has its line."""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from ivr.store.database import Database
from ivr.store.schema import Call, PurgeEntry, Recording
from recordings import belongings, ledger, spool
from recordings.retention import call_held
from recordings.stores import StorageError, Store

log = logging.getLogger(__name__)
BACK = 400  # days that are looked through; `ivr purge verify` looks through all
PIECE = 1 << 20


def stray(session: Session, store: Store, day: date) -> Iterator[tuple[str, list[str]]]:
    """(recording's id, names) of what lies in a day's folder and belongs to no recording that is kept, or is being
    deleted."""
    names = set(store.names(f"{day:%Y/%m/%d}"))
    if not names:
        return
    kept = select(Recording.id, Recording.file, Recording.copies).where(Recording.day == day)
    there = or_(Recording.purged_at.is_(None), Recording.erased_at.is_(None))
    for id, file, copies in session.execute(kept.where(there)):
        names -= set(belongings.names(id, day, file, copies))
    for id, group in groupby(sorted(names), key=_id):
        yield id, list(group)


def sweep(database: Database, store: Store, last: date, rule: str) -> Iterator[tuple[str, date, str]]:
    """Delete what is stray of the days up to `last`: (recording's id, day, problem or "")."""
    for back in range(BACK):
        day = last - timedelta(days=back)
        with database.read() as session:
            found = list(stray(session, store, day))
        for id, names in found:
            problem = ""
            try:
                _note(database, store, id, day, rule, _digest(store, names[0]))
                for name in names:
                    store.delete(name)
            except StorageError as error:
                problem = str(error)
                log.error("a stray file of a recording could not be deleted: %s", problem, extra={"recording": id})
            yield id, day, problem


def raw(session: Session, place: Path, last: date, today: date, zone: ZoneInfo) -> Iterator[tuple[Path, date]]:
    """Sound in the spool at `place` that is over and not held, with the day of its call (or its own)."""
    for folder in spool.waiting(place):
        of_its_call = select(Call.started_at, call_held(today)).where(Call.id == spool.call_of(folder))
        row = session.execute(of_its_call).first()
        begun, is_held = row or (datetime.fromtimestamp(spool.written(folder), UTC), False)
        if (day := begun.astimezone(zone).date()) <= last and not is_held:
            yield folder, day


def sweep_spool(
    database: Database, store: Store, place: Path, last: date, today: date, zone: ZoneInfo, rule: str
) -> Iterator[tuple[str, date, str]]:
    """Delete raw sound that is over; as `sweep`."""
    spool.clear(place)
    with database.read() as session:
        found = list(raw(session, place, last, today, zone))
    for folder, day in found:
        id, problem = folder.name, ""
        try:
            with spool.alone(folder) as sound:
                if sound is None:
                    continue  # another took it just now
                _note(database, store, id, day, rule, _digest_of(sound))
                spool.drop(folder)
        except OSError as error:
            problem = f"{folder}: {error.strerror}"
            log.error("raw sound that is over could not be deleted: %s", problem)
        yield id, day, problem


def _note(database: Database, store: Store, id: str, day: date, rule: str, digest: str) -> None:
    """Its line in the ledger, if it has none."""
    with ledger.alone(database, store):
        with database.read() as session:
            has_one = session.scalar(select(exists(select(PurgeEntry.seq).where(PurgeEntry.recording_id == id))))
        if not has_one:
            line = {"recording_id": id, "day": day, "purged_at": datetime.now(UTC), "rule": rule, "sha256": digest}
            ledger.note(database, store, [line])


def _digest_of(sound: spool.Sound) -> str:
    digest = sha256()
    while piece := sound.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _digest(store: Store, name: str) -> str:
    """Of the bytes as they lie there."""
    digest, size = sha256(), store.size(name)
    for start in range(0, size, PIECE):
        digest.update(store.read(name, start, PIECE))
    return digest.hexdigest()


def _id(name: str) -> str:
    return name.rpartition("/")[2].partition(".")[0]
