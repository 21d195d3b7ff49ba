"""The catalogue: recordings with what is known of their calls; never who called."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.store.schema import Call, Recording


class CatalogueError(Exception):
    """A recording that is not there, or not to be had; the message says why."""


@dataclass(frozen=True)
class Entry:
    id: str
    call_id: str
    kind: str  # conversation, message
    day: date
    started_at: datetime
    seconds: float
    queue: str
    operator: str
    language: str
    disposition: str
    complete: bool
    purged: bool
    file: str
    sha256: str


def find(
    session: Session,
    *,
    queue: str = "",
    operator: str = "",
    language: str = "",
    day: date | None = None,
    limit: int = 50,
    purged: bool = False,
) -> list[Entry]:
    """Newest first."""
    chosen = select(Recording, Call).join(Call, Call.id == Recording.call_id)
    for column, value in ((Call.queue, queue), (Call.operator, operator), (Call.language, language)):
        if value:
            chosen = chosen.where(column == value)
    if day:
        chosen = chosen.where(Recording.day == day)
    if not purged:
        chosen = chosen.where(Recording.purged_at.is_(None))
    rows = session.execute(chosen.order_by(Call.started_at.desc()).limit(limit))
    return [_entry(recording, call) for recording, call in rows]


def get(session: Session, id: str) -> Entry:
    """By its id, its call's id, or an unambiguous beginning of these. Raises CatalogueError."""
    chosen = select(Recording, Call).join(Call, Call.id == Recording.call_id)
    rows: Sequence[tuple[Recording, Call]] = [
        (recording, call)
        for recording, call in session.execute(chosen.where(Recording.id.startswith(id, autoescape=True)).limit(2))
    ]
    if not rows:
        raise CatalogueError(f"there is no recording {id}; see `ivr recordings list`")
    if len(rows) > 1:
        raise CatalogueError(f"more than one recording begins with {id}; give more of it")
    return _entry(*rows[0])


def export(entry: Entry, folder: Path, target: Path, *, force: bool = False) -> None:
    """Copy a recording out, having checked that it is what was stored. Raises CatalogueError."""
    if entry.purged:
        raise CatalogueError(f"recording {entry.id} was deleted: its time was over")
    if target.exists() and not force:
        raise CatalogueError(f"{target} is there already; --force overwrites it")
    source = folder / entry.file
    try:
        if hashlib.sha256(source.read_bytes()).hexdigest() != entry.sha256:
            raise CatalogueError(f"{source} is damaged: it is not what was stored; restore it from the backup")
        shutil.copyfile(source, target)
    except OSError as error:
        raise CatalogueError(f"{error.filename}: {error.strerror}") from error


def _entry(recording: Recording, call: Call) -> Entry:
    return Entry(
        id=recording.id,
        call_id=recording.call_id,
        kind=recording.kind,
        day=recording.day,
        started_at=call.started_at,
        seconds=recording.seconds,
        queue=call.queue,
        operator=call.operator,
        language=call.language,
        disposition=call.disposition,
        complete=recording.complete,
        purged=recording.purged_at is not None,
        file=recording.file,
        sha256=recording.sha256,
    )
