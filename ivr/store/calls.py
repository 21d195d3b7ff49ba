"""Calls in the store: their beginning, their journey, and their end, which is also the beginning of their ticket.

What every call writes is a `Statement`; what is rarer goes the ORM's way.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from ivr import plain
from ivr.store import catalogue, outbox
from ivr.store.schema import Base, Call, Controller, JourneyEntry, SurveyAnswer
from ivr.store.statement import Statement

UNHEARD = timedelta(seconds=3)  # without a heartbeat: they come each second
CUT_OFF = "cut-off"  # in the journey: Asterisk has ended, and the call with it
MOST_SUBJECT, MOST_FIELD = 200, 10_000  # characters, which all ticketing systems take
_tables = Base.metadata.tables
_CALLS = _tables["calls"]
_START = Statement(insert(_CALLS))
_JOURNEY = Statement(insert(_tables["journey"]))
_FINISH = Statement(
    update(_CALLS).where(
        _CALLS.c.id == bindparam("call"),
        _CALLS.c.ended_at.is_(None),
        or_(bindparam("by") == "", _CALLS.c.controller == bindparam("by")),
    )
)
_COUNT = Statement(
    select(func.count()).where(_CALLS.c.caller == bindparam("caller"), _CALLS.c.started_at >= bindparam("since"))
)


def start(session: Session, **fields: Any) -> None:
    """`fields`: id, channel, controller, called, caller, flow, started_at."""
    _START.run(session, fields)


def add_journey(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """`rows`: call_id, seq, at, kind, node, detail."""
    _JOURNEY.run(session, rows)


def finish(
    session: Session,
    call_id: str,
    *,
    ended_at: datetime,
    ticket_due_at: datetime,
    survey: dict[str, dict[str, int | None]],
    disposition: str = "",
    by: str = "",
    **facts: Any,
) -> bool:
    """The end of a call: the call, its survey and its ticket-to-be, together. False if it had ended before, or if it
    is no longer a call of the controller `by` ("": whoever has it).

    A disposition that is already there is kept, and makes the ticket due at once.
    """
    values = {"call": call_id, "by": by, "ended_at": ended_at, **facts}
    if said := facts.get("ticket"):
        values["ticket"] = _clean(said)
    if disposition:
        values["disposition"] = disposition
    if not _FINISH.run(session, values).rowcount:
        return False
    answers = [
        {"call_id": call_id, "survey": name, "question": question, "answer": answer}
        for name, questions in survey.items()
        for question, answer in questions.items()
    ]
    if answers:
        session.execute(insert(SurveyAnswer), answers)
    if ticket_due_at > ended_at and session.scalar(select(Call.disposition).where(Call.id == call_id)):
        ticket_due_at = ended_at
    outbox.ASK.run(session, {"call_id": call_id, "due_at": ticket_due_at})
    catalogue.refresh(session, [call_id])
    return True


def _clean(said: dict[str, Any]) -> dict[str, Any]:
    """What a flow says of its ticket holds what web services gave it, and not every database takes all of that."""
    fields = {name: plain.paragraphs(str(value), MOST_FIELD) for name, value in said.get("fields", {}).items()}
    return said | {"subject": plain.line(said.get("subject", ""), MOST_SUBJECT), "fields": fields}


def ask_ticket(session: Session, call_id: str, said: dict[str, Any], language: str, now: datetime) -> None:
    """The ticket of a call that goes on is wanted now, so that its number can be told; the end changes it."""
    mine = update(Call).where(Call.id == call_id, Call.ended_at.is_(None))
    if session.execute(mine.values(ticket=_clean(said), language=language)).rowcount:  # type: ignore[attr-defined]
        outbox.ASK.run(session, {"call_id": call_id, "due_at": now})


def finish_lost(session: Session, call_id: str, now: datetime, **facts: Any) -> bool:
    """A call whose channel is gone without anybody having seen its end: it still gets its ticket. `facts`: what is
    known of it all the same."""
    return finish(session, call_id, ended_at=now, ticket_due_at=now, **({"survey": {}, "outcome": "failed"} | facts))


def set_disposition(session: Session, call_id: str, disposition: str, now: datetime) -> bool:
    """The operator's outcome of a call; its ticket is due now, and changed if it was made already. False: no call."""
    changed = session.execute(update(Call).where(Call.id == call_id).values(disposition=disposition))
    outbox.change(session, call_id, now)
    catalogue.refresh(session, [call_id])
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def set_note(session: Session, call_id: str, note: str, now: datetime) -> bool:
    """What the operator wrote about a call. A ticket that was made is changed; one that waits for the disposition waits
    on. False: no call."""
    changed = session.execute(update(Call).where(Call.id == call_id).values(note=plain.paragraphs(note, MOST_FIELD)))
    outbox.change(session, call_id, now, waiting=False)
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def add_to_ticket(session: Session, call_id: str, fields: dict[str, str], now: datetime) -> None:
    """Something about a call that became known after it; a ticket that was made is changed."""
    call = session.get(Call, call_id)
    if call is None:
        return
    said = call.ticket or {}
    call.ticket = said | {"fields": said.get("fields", {}) | fields}
    session.flush()
    outbox.change(session, call_id, now, waiting=False)


def unfinished(session: Session, controller: str, known: Collection[str]) -> list[Call]:
    """A controller's calls that go on, but for those `known`: mostly none, of hundreds."""
    mine = select(Call.id).where(Call.controller == controller, Call.ended_at.is_(None))
    new = [call for call in session.scalars(mine) if call not in known]
    return list(session.scalars(select(Call).where(Call.id.in_(new)))) if new else []


def take(session: Session, former: str, new: str, wanted: Callable[[str], bool]) -> int:
    """The calls of a controller that is gone are those of another from now on; of its calls, those `wanted` (by id).
    Returns how many."""
    rows = select(Call.id).where(Call.controller == former, Call.ended_at.is_(None))
    ids = [call for call in session.scalars(rows) if wanted(call)]
    theirs = update(Call).where(Call.id.in_(ids), Call.controller == former, Call.ended_at.is_(None))
    return session.execute(theirs.values(controller=new)).rowcount if ids else 0  # type: ignore[attr-defined]


def taken(session: Session, ids: Collection[str], controller: str) -> list[tuple[str, str]]:
    """Of these calls, those of another controller: (call, channel)."""
    chosen = select(Call.id, Call.channel).where(Call.id.in_(ids), Call.controller != controller)
    return [(call, channel) for call, channel in session.execute(chosen)] if ids else []


def forsaken(session: Session, alive: Collection[str], since: datetime) -> set[str]:
    """The controllers that have calls and are none of these. Whoever has begun a call since then is alive as well: one
    that has just started may have calls before it tells of itself."""
    chosen = select(Call.controller).where(Call.ended_at.is_(None), Call.controller.not_in(alive))
    return set(session.scalars(chosen.group_by(Call.controller).having(func.max(Call.started_at) < since)))


def lose(session: Session, former: str, new: str, now: datetime) -> int:
    """The calls of a controller whose Asterisk is gone are cut off, and those of another, who ends them. How many."""
    rows = select(Call.id).where(Call.controller == former, Call.ended_at.is_(None))
    ids = list(session.scalars(rows))
    note_cut_off(session, ids, now)
    return take(session, former, new, set(ids).__contains__)


def note_cut_off(session: Session, ids: Collection[str], now: datetime) -> None:
    """In the journeys of these calls: Asterisk has ended, and they with it."""
    last = last_entries(session, ids)
    entries = [
        {"call_id": call, "seq": last.get(call, 0) + 1, "at": now, "kind": CUT_OFF, "node": "", "detail": {}}
        for call in ids
    ]
    if entries:
        add_journey(session, entries)


def cut_off(session: Session, caller: str, now: datetime, within: timedelta) -> list[JourneyEntry]:
    """The journey of a number's newest call, if that was cut off within that time; nothing otherwise. It need not have
    an end yet: then whoever had it has not been heard of."""
    columns = select(Call.id, Call.controller, Call.ended_at, Call.outcome).where(Call.caller == caller)
    row = session.execute(columns.order_by(Call.started_at.desc()).limit(1)).one_or_none()
    if row is None:
        return []
    id, controller, ended_at, outcome = row
    if ended_at:
        if ended_at < now - within or outcome not in ("failed", "served"):
            return []
        entries = journey(session, id)
        return entries if any(one.kind == CUT_OFF for one in entries) else []
    seen = session.scalar(select(Controller.seen_at).where(Controller.id == controller))
    return journey(session, id) if seen is None or seen < now - UNHEARD else []


def ended(session: Session, call_id: str) -> str | None:
    """The channel of a call that is over; None for any other."""
    return session.scalar(select(Call.channel).where(Call.id == call_id, Call.ended_at.is_not(None)))


def with_channels(session: Session, channels: Collection[str]) -> set[str]:
    """Of these channels, those of calls that have a row."""
    return set(session.scalars(select(Call.channel).where(Call.channel.in_(channels)))) if channels else set()


def live(session: Session) -> list[Call]:
    return list(session.scalars(select(Call).where(Call.ended_at.is_(None)).order_by(Call.started_at)))


def get(session: Session, call_id: str) -> Call | None:
    return session.get(Call, call_id)


def by_number(session: Session, called: str) -> Call | None:
    """The newest call to a number."""
    return session.scalar(select(Call).where(Call.called == called).order_by(Call.started_at.desc()).limit(1))


def recent(session: Session, limit: int = 50) -> list[Call]:
    return list(session.scalars(select(Call).order_by(Call.started_at.desc()).limit(limit)))


def journey(session: Session, call_id: str, after: int = 0) -> list[JourneyEntry]:
    chosen = select(JourneyEntry).where(JourneyEntry.call_id == call_id, JourneyEntry.seq > after)
    return list(session.scalars(chosen.order_by(JourneyEntry.seq)))


def journeys(session: Session, ids: Collection[str]) -> list[tuple[str, str, dict[str, Any]]]:
    """Of each call, what happened in order: the call, kind and detail."""
    if not ids:
        return []
    chosen = select(JourneyEntry.call_id, JourneyEntry.kind, JourneyEntry.detail).where(JourneyEntry.call_id.in_(ids))
    return [(call, kind, detail) for call, kind, detail in session.execute(chosen.order_by(JourneyEntry.seq))]


def survey(session: Session, call_id: str) -> list[SurveyAnswer]:
    return list(session.scalars(select(SurveyAnswer).where(SurveyAnswer.call_id == call_id)))


def last_served(session: Session, operator: str) -> str | None:
    """The call this operator took last; a live one is known by its journey only, so both are looked at."""
    answered = (
        select(JourneyEntry.call_id)
        .where(JourneyEntry.kind == "connected", JourneyEntry.node == operator)
        .order_by(JourneyEntry.at.desc())
        .limit(1)
    )
    return session.scalar(answered)


def outcomes(session: Session, caller: str, before: datetime) -> dict[str, int]:
    """How often the calls of a number that began before a time ended in what; nothing for a number that is withheld."""
    if not caller:
        return {}
    counted = (
        select(Call.outcome, func.count())
        .where(Call.caller == caller, Call.started_at < before, Call.ended_at.is_not(None))
        .group_by(Call.outcome)
        .order_by(func.count().desc(), Call.outcome)
    )
    return {outcome: number for outcome, number in session.execute(counted)}


def served(session: Session, operator: str, since: datetime) -> tuple[int, float]:
    """The calls that an operator has served since then, and the seconds talked."""
    chosen = select(func.count(), func.coalesce(func.sum(Call.talked), 0.0))
    mine = chosen.where(Call.operator == operator, Call.outcome == "served", Call.ended_at >= since)
    number, seconds = session.execute(mine).one()
    return int(number), float(seconds)


def recent_of(session: Session, operator: str, since: datetime, limit: int) -> list[Call]:
    """The calls that an operator has served since then and that are over, the newest first."""
    mine = select(Call).where(Call.operator == operator, Call.outcome == "served", Call.ended_at >= since)
    return list(session.scalars(mine.order_by(Call.ended_at.desc()).limit(limit)))


def last_ends(session: Session, operators: Collection[str], since: datetime) -> dict[str, datetime]:
    """When the last call of each operator was over, of those that ended since then."""
    mine = (Call.ended_at >= since, Call.operator.in_(operators))
    chosen = select(Call.operator, func.max(Call.ended_at)).where(*mine)
    return {operator: at for operator, at in session.execute(chosen.group_by(Call.operator)) if at}


def last_entries(session: Session, ids: Collection[str]) -> dict[str, int]:
    """The number of the last entry of each call's journey so far."""
    chosen = select(JourneyEntry.call_id, func.max(JourneyEntry.seq)).where(JourneyEntry.call_id.in_(ids))
    return {call: number for call, number in session.execute(chosen.group_by(JourneyEntry.call_id))}


def count_since(session: Session, caller: str, since: datetime) -> int:
    return int(_COUNT.run(session, {"caller": caller, "since": since}).scalar_one())


def there(session: Session, ids: Collection[str]) -> set[str]:
    """Of these ids, those that are calls."""
    return set(session.scalars(select(Call.id).where(Call.id.in_(ids)))) if ids else set()


def queues_of(session: Session, ids: Collection[str]) -> dict[str, str]:
    """The queue that each call came to last."""
    if not ids:
        return {}
    chosen = select(JourneyEntry.call_id, JourneyEntry.detail).where(
        JourneyEntry.call_id.in_(ids), JourneyEntry.kind == "queue"
    )
    return {call: str(detail["queue"]) for call, detail in session.execute(chosen.order_by(JourneyEntry.seq))}
