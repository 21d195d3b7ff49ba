"""What lies where recordings lie, is over, and has no row: files that came back with a backup of the store, recordings
whose row was lost with the database, raw sound that could never be ingested. It goes, too, and each has its line."""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import file_digest, sha256
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from ivr.store.database import Database
from ivr.store.schema import Call, PurgeEntry, Recording
from recordings import belongings, ledger
from recordings.ingest import spooled
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
    kept = select(Recording.id, Recording.file).where(Recording.day == day)
    for id, file in session.execute(kept.where(or_(Recording.purged_at.is_(None), Recording.erased_at.is_(None)))):
        names -= set(belongings.names(id, day, file))
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


def raw(session: Session, spool: Path, last: date, today: date, zone: ZoneInfo) -> Iterator[tuple[Path, date]]:
    """Raw sound in the spool that is over and not held, with the day of its call (of the file, where none is known)."""
    for path in sorted(spool.glob("*.raw")):
        row = session.execute(
            select(Call.started_at, call_held(today)).where(Call.id == spooled(path)[0].rpartition("-")[0])
        ).first()
        begun, is_held = row or (datetime.fromtimestamp(path.stat().st_mtime, UTC), False)
        if (day := begun.astimezone(zone).date()) <= last and not is_held:
            yield path, day


def sweep_spool(
    database: Database, store: Store, spool: Path, last: date, today: date, zone: ZoneInfo, rule: str
) -> Iterator[tuple[str, date, str]]:
    """Delete raw sound that is over; as `sweep`."""
    with database.read() as session:
        found = list(raw(session, spool, last, today, zone))
    for path, day in found:
        id, problem = spooled(path)[0], ""
        try:
            with path.open("rb") as file:
                _note(database, store, id, day, rule, file_digest(file, "sha256").hexdigest())
            path.unlink()
        except OSError as error:
            problem = f"{path}: {error.strerror}"
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


def _digest(store: Store, name: str) -> str:
    """Of the bytes as they lie there."""
    digest, size = sha256(), store.size(name)
    for start in range(0, size, PIECE):
        digest.update(store.read(name, start, PIECE))
    return digest.hexdigest()


def _id(name: str) -> str:
    return name.rpartition("/")[2].partition(".")[0]
