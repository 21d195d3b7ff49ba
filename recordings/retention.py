"""Retention: a recording is kept through the 180th calendar day after the day of its call, then deleted in the night
that follows (contract §3.3.3: a call of 1 January 2027 is there on 30 June 2027, and gone on 1 July)."""

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from ivr.store import catalogue, chained
from ivr.store.database import Database
from ivr.store.schema import PurgeEntry, Recording

log = logging.getLogger(__name__)


def gone_on(day: date, keep_days: int = 180) -> date:
    """The first day on which the recording of a call of `day` must no longer be there."""
    return day + timedelta(days=keep_days + 1)


@dataclass(frozen=True)
class Purged:
    """One recording that was (or, in a dry run, would be) deleted; `problem` when it could not be."""

    recording_id: str
    call_id: str
    day: date
    problem: str = ""


def purge(
    database: Database, folder: Path, at: datetime, *, timezone: str, keep_days: int = 180, dry_run: bool = False
) -> list[Purged]:
    """Delete what is over as of `at` (aware), oldest first.

    The file goes first and the ledger tells it afterwards: after a crash in between, the next run finds no file, and
    writes the ledger. A file that cannot be deleted stops nothing else.
    """
    today = at.astimezone(ZoneInfo(timezone)).date()
    last_over = today - timedelta(days=keep_days + 1)
    with database.read() as session:
        over = session.scalars(
            select(Recording)
            .where(Recording.purged_at.is_(None), Recording.day <= last_over)
            .order_by(Recording.day, Recording.id)
        ).all()
    return [_delete(database, folder, row, at, dry_run) for row in over]


def _delete(database: Database, folder: Path, row: Recording, at: datetime, dry_run: bool) -> Purged:
    if dry_run:
        return Purged(row.id, row.call_id, row.day)
    try:
        (folder / row.file).unlink(missing_ok=True)
    except OSError as error:
        log.error("a recording could not be deleted: %s", error.strerror, extra={"recording": row.id})
        return Purged(row.id, row.call_id, row.day, f"{folder / row.file}: {error.strerror}")
    now = datetime.now(UTC)
    with database.transaction() as session:
        session.execute(update(Recording).where(Recording.id == row.id).values(purged_at=now, erased_at=now))
        line = {"recording_id": row.id, "day": row.day, "purged_at": now, "rule": f"as of {at}", "sha256": row.sha256}
        chained.append(session, PurgeEntry, [line])
        catalogue.remove(session, [row.id])
    return Purged(row.id, row.call_id, row.day)
