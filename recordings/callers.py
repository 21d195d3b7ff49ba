"""Numbers of callers become pseudonyms when their time is over: in the call, its journey, its ticket and the wish to be
called back. The same number always has the same pseudonym, and nobody gets back from it without the key."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from ivr.days import bounds
from ivr.store import catalogue, tickets
from ivr.store.callbacks import LIVE
from ivr.store.database import Database
from ivr.store.numbers import MARK, pseudonym, swapper
from ivr.store.schema import Call, CallbackRequest, JourneyEntry
from recordings.retention import call_held

BATCH = 200


def replace(database: Database, key: str, last: date, zone: ZoneInfo, today: date) -> int:
    """In calls of the day `last` and before of which nothing is held `today`; in how many."""
    end, count, place = bounds(last, zone)[1], 0, (datetime.min.replace(tzinfo=zone), "")
    chosen = select(Call.id, Call.started_at, Call.caller, Call.ticket, Call.note)
    chosen = chosen.where(named(end), ~call_held(today)).order_by(Call.started_at, Call.id).limit(BATCH)
    while True:
        with database.transaction() as session:
            batch = session.execute(chosen.where(tuple_(Call.started_at, Call.id) > tuple_(*place))).all()
            if not batch:
                if count:
                    tickets.forget(session)
                return count
            _replace(session, key, batch)
        place, count = (batch[-1].started_at, batch[-1].id), count + len(batch)


def named(end: datetime) -> ColumnElement[bool]:
    """Calls begun before `end` that still have a number somewhere."""
    wish = exists(
        select(CallbackRequest.call_id).where(
            CallbackRequest.call_id == Call.id, ~CallbackRequest.number.startswith(MARK)
        )
    )
    return and_(Call.started_at < end, or_(and_(Call.caller != "", ~Call.caller.startswith(MARK)), wish))


def left(session: Session, last: date, zone: ZoneInfo, today: date) -> int:
    """Calls of which `replace` would replace a number."""
    chosen = select(func.count()).select_from(Call).where(named(bounds(last, zone)[1]), ~call_held(today))
    return session.scalar(chosen) or 0


def _replace(session: Session, key: str, batch: Sequence[Any]) -> None:
    ids = [row.id for row in batch]
    numbers: dict[str, set[str]] = defaultdict(set)
    wishes = select(CallbackRequest.call_id, CallbackRequest.number, CallbackRequest.state)
    wished = session.execute(wishes.where(CallbackRequest.call_id.in_(ids))).all()
    for id, number in [*((row.id, row.caller) for row in batch), *((one.call_id, one.number) for one in wished)]:
        if number and not number.startswith(MARK):
            numbers[id].add(number)
    swap = {id: swapper({number: pseudonym(number, key) for number in found}) for id, found in numbers.items()}
    for row in batch:
        new = {name: swap[row.id](getattr(row, name)) for name in ("caller", "ticket", "note")}
        session.execute(update(Call).where(Call.id == row.id).values(new))
    for one in wished:
        # A wish that nobody fulfilled in all that time cannot be fulfilled any more.
        new = {"number": swap[one.call_id](one.number), "state": "given-up" if one.state in LIVE else one.state}
        session.execute(update(CallbackRequest).where(CallbackRequest.call_id == one.call_id).values(new))
    entries = select(JourneyEntry.call_id, JourneyEntry.seq, JourneyEntry.detail).where(JourneyEntry.call_id.in_(ids))
    for entry in session.execute(entries).all():
        if (detail := swap[entry.call_id](entry.detail)) != entry.detail:
            mine = (JourneyEntry.call_id == entry.call_id, JourneyEntry.seq == entry.seq)
            session.execute(update(JourneyEntry).where(*mine).values(detail=detail))
    tickets.swap(session, {id: swap[id] for id in ids})
    catalogue.refresh(session, ids)  # its reason may be the ticket's subject
