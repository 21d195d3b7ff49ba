"""Numbers of callers become pseudonyms when their time is over: in the call, its journey, its ticket and the wish to be
called back. The same number always has the same pseudonym, and nobody gets back from it without the key."""

import hmac
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from ivr.days import bounds
from ivr.store import catalogue
from ivr.store.callbacks import LIVE
from ivr.store.database import Database
from ivr.store.schema import Call, CallbackRequest, JourneyEntry, Ticket
from recordings.retention import call_held

MARK, DIGITS = "~", 20  # no telephone number begins so
BATCH = 200
HOME = "+39"


def pseudonym(number: str, key: str) -> str:
    """80 bits of HMAC-SHA-256, as `~9b2f…`."""
    return MARK + hmac.new(key.encode(), number.encode(), "sha256").hexdigest()[:DIGITS]


def replace(database: Database, key: str, last: date, zone: ZoneInfo, today: date) -> int:
    """In calls of the day `last` and before of which nothing is held `today`; in how many."""
    end, count, place = bounds(last, zone)[1], 0, (datetime.min.replace(tzinfo=zone), "")
    chosen = select(Call.id, Call.started_at, Call.caller, Call.ticket, Call.note)
    chosen = chosen.where(named(end), ~call_held(today)).order_by(Call.started_at, Call.id).limit(BATCH)
    while True:
        with database.transaction() as session:
            batch = session.execute(chosen.where(tuple_(Call.started_at, Call.id) > tuple_(*place))).all()
            if not batch:
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
    swap = {id: _swapper(found, key) for id, found in numbers.items()}
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
    for ticket in session.scalars(select(Ticket).where(Ticket.call_id.in_(ids))):
        ticket.subject, ticket.fields = swap[ticket.call_id](ticket.subject), swap[ticket.call_id](ticket.fields)
    catalogue.refresh(session, ids)  # its reason may be the ticket's subject


def veil(value: Any, numbers: Collection[str], key: str) -> Any:
    """Text, or any JSON, with pseudonyms for these numbers."""
    there = {number for number in numbers if number and not number.startswith(MARK)}
    if isinstance(value, str):  # most have none of them, and that is seen at once: every form has the shortest within
        there = {number for number in there if min(_forms(number), key=len) in value}
    return _swapper(there, key)(value) if there else value


def _swapper(numbers: set[str], key: str) -> Callable[[Any], Any]:
    """Puts the pseudonyms into text, or any JSON. A number is found as E.164, without its `+`, and as at home."""
    written = {form: pseudonym(number, key) for number in numbers for form in _forms(number)}
    found = re.compile("|".join(re.escape(form) for form in sorted(written, key=len, reverse=True)))

    def swap(value: Any) -> Any:
        if isinstance(value, str):
            return found.sub(lambda match: written[match[0]], value)
        if isinstance(value, Mapping):
            return {name: swap(one) for name, one in value.items()}
        return [swap(one) for one in value] if isinstance(value, list) else value

    return swap


def _forms(number: str) -> set[str]:
    bare = number.removeprefix("+")
    at_home = number.removeprefix(HOME)
    return {number, bare, at_home} - {""}
