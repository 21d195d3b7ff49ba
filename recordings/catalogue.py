"""The catalogue: recordings with what is known of their calls; never who called."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from ivr.store import paging
from ivr.store.schema import Anonymisation, Call, CatalogueRow, Recording, RecordingKey
from recordings.criteria import CriterionError
from recordings.keys.ring import ANONYMISED

MOST = 500  # recordings a page
_ENTRIES = select(Recording, Call).join(Call, Call.id == Recording.call_id)


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
    original: bool  # False: it was destroyed when the anonymised copy was there
    file: str
    sha256: str


@dataclass(frozen=True)
class Found:
    """One line of a listing: a recording that is there, and what it is searched by."""

    id: str
    call_id: str
    kind: str
    day: date
    started_at: datetime
    seconds: float
    waited: float
    queue: str
    operator: str  # as `find` was told to show it
    language: str
    reason: str
    type: str
    disposition: str
    outcome: str
    ticket: str
    flow: str
    version: int
    complete: bool  # False: part of the conversation could not be written
    anonymised: bool  # False: that copy is not made yet
    failed: bool  # it could not be made, and was set aside
    original: bool  # False: it was destroyed when the copy was there


@dataclass(frozen=True)
class Page:
    """`next`: what to ask the following page with; None after the last."""

    rows: list[Found]
    next: str | None


def find(
    session: Session,
    conditions: Sequence[ColumnElement[bool]] = (),
    *,
    operator: Callable[[str], str] = str,
    limit: int = 50,
    after: str = "",
) -> Page:
    """The newest calls first; who asks page after page is shown each recording once, whatever is added meanwhile.
    `conditions`: see `recordings.criteria`. `operator`: what is shown for a code. Raises CriterionError for an `after`
    that no page gave."""
    row = CatalogueRow
    try:
        chosen = paging.page(
            select(row).where(*conditions), (row.started_at, row.recording_id), limit=limit, after=after
        )
    except paging.NoPlace as error:
        raise CriterionError(f"after: {error}") from None
    rows = session.scalars(chosen).all()
    last = rows[limit - 1] if len(rows) > limit else None
    more = paging.token(last.started_at, last.recording_id) if last else None
    return Page(found(session, rows[:limit], operator), more)


def page_size(text: str) -> int:
    """Raises CriterionError."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= MOST:
        raise CriterionError(f"limit: '{text}' is no whole number from 1 to {MOST}")
    return int(text)


def found(session: Session, rows: Sequence[CatalogueRow], operator: Callable[[str], str]) -> list[Found]:
    """What is said of each, a page of them at most."""
    alike = {one.name for one in fields(Found)} & set(CatalogueRow.__table__.c.keys())
    copy = (RecordingKey.recording_id == Recording.id, RecordingKey.copy == ANONYMISED)
    chosen = (
        select(Recording.id, Recording.complete, Recording.original_gone_at, RecordingKey.kek, Anonymisation.state)
        .outerjoin(RecordingKey, and_(*copy))
        .outerjoin(Anonymisation, Anonymisation.recording_id == Recording.id)
        .where(Recording.id.in_([row.recording_id for row in rows]))
    )
    states: dict[str, dict[str, Any]] = {
        id: {
            "complete": complete,
            "anonymised": kek is not None,
            "failed": kek is None and state == "failed",
            "original": gone is None,
        }
        for id, complete, gone, kek, state in session.execute(chosen)
    }
    return [
        Found(
            id=row.recording_id,
            **{name: getattr(row, name) for name in alike} | {"operator": operator(row.operator)},
            **states[row.recording_id],
        )
        for row in rows
    ]


def get(session: Session, id: str) -> Entry:
    """By its whole id: who listens guesses none. Raises CatalogueError."""
    row = session.execute(_ENTRIES.where(Recording.id == id)).first()
    if row is None:
        raise CatalogueError(f"there is no recording {id}")
    return _entry(*row)


def meant(session: Session, text: str) -> Entry:
    """By its id, its call's id, or an unambiguous beginning of these, as people write it at the command line. Raises
    CatalogueError."""
    rows = session.execute(_ENTRIES.where(Recording.id.startswith(text, autoescape=True)).limit(2)).all()
    if not rows:
        raise CatalogueError(f"there is no recording {text}; see `ivr recordings list`")
    if len(rows) > 1:
        raise CatalogueError(f"more than one recording begins with {text}; give more of it")
    return _entry(*rows[0])


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
        original=recording.original_gone_at is None,
        file=recording.file,
        sha256=recording.sha256,
    )
