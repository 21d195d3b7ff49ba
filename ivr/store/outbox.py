"""The outbox of tickets: what is due, who delivers it, and what became of it.

An entry says which ticket a call wants to have, not what is to be done: whatever changed meanwhile, the next delivery
brings all of it. `claim` takes entries for a lease, so each is delivered by one at a time and in order; a claim that
outlived its process ends by itself.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, func, null, or_, select, text, tuple_, update
from sqlalchemy.orm import Session

from ivr.store import catalogue
from ivr.store.schema import OPEN, Base, Call, OutboxEntry, Recording, SurveyAnswer, UtcTime
from ivr.store.statement import Statement

_OUTBOX = Base.metadata.tables["ticket_outbox"]
ASK = Statement(
    text(
        "INSERT INTO ticket_outbox (call_id, due_at, since, revision, holder, attempts, last_error, backend, reference,"
        " type, told, state) VALUES (:call_id, :due_at, :due_at, 0, '', 0, '', '', '', '', '{}', '')"
        " ON CONFLICT (call_id) DO UPDATE SET due_at = excluded.due_at, since = excluded.due_at, delivered_at = NULL,"
        " failed_at = NULL, attempts = 0, last_error = '', revision = ticket_outbox.revision + 1"
    ).bindparams(bindparam("call_id"), bindparam("due_at", type_=UtcTime))
)
"""A call wants its ticket, or wants it changed, at `due_at`."""

_HELD = (_OUTBOX.c.call_id == bindparam("call"), _OUTBOX.c.holder == bindparam("by"))
_FREE: dict[str, Any] = {"holder": "", "held_until": None}
_DELIVERED = Statement(
    update(_OUTBOX)
    .where(*_HELD)
    .values(
        **_FREE,
        attempts=0,
        last_error="",
        failed_at=None,
        backend=bindparam("at"),
        reference=bindparam("number"),
        type=bindparam("of"),
        told=bindparam("said", type_=_OUTBOX.c.told.type),
        made_at=func.coalesce(_OUTBOX.c.made_at, bindparam("now", type_=UtcTime)),
        state=case((_OUTBOX.c.state == "", bindparam("begun")), else_=_OUTBOX.c.state),
        # Only if it is still the same wish: a disposition given meanwhile makes it due anew.
        delivered_at=case((_OUTBOX.c.revision == bindparam("was"), bindparam("now", type_=UtcTime)), else_=null()),
    )
)


@dataclass(frozen=True)
class Wanted:
    """A claimed entry with what its ticket is made of: the call, survey answers, ids of the recordings there are."""

    entry: OutboxEntry
    call: Call
    answers: Sequence[SurveyAnswer]
    recordings: Sequence[str]


def change(session: Session, call_id: str, now: datetime, *, waiting: bool = True) -> None:
    """What a ticket says has changed: it is due now. `waiting`: also when it was not made yet, and waits for more."""
    mine = update(OutboxEntry).where(OutboxEntry.call_id == call_id)
    if not waiting:
        begun = OutboxEntry.delivered_at.is_not(None), OutboxEntry.failed_at.is_not(None), OutboxEntry.holder != ""
        mine = mine.where(or_(*begun))
    session.execute(mine.values(**_anew(now)))


def recorded(session: Session, call_id: str, now: datetime) -> None:
    """A recording was stored: a ticket elsewhere gets a link to it; one of our own is found by its call anyway."""
    begun = or_(OutboxEntry.backend.not_in(("", "embedded")), OutboxEntry.holder != "")
    session.execute(update(OutboxEntry).where(OutboxEntry.call_id == call_id, begun).values(**_anew(now)))


def _anew(now: datetime) -> dict[str, Any]:
    wish = {"due_at": now, "since": now, "revision": OutboxEntry.revision + 1}
    return wish | {"delivered_at": None, "failed_at": None, "attempts": 0, "last_error": ""}


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    free = or_(OutboxEntry.held_until.is_(None), OutboxEntry.held_until < now)
    return OutboxEntry.delivered_at.is_(None), OutboxEntry.failed_at.is_(None), OutboxEntry.due_at <= now, free


def is_due(session: Session, now: datetime) -> bool:
    return session.scalar(select(OutboxEntry.call_id).where(*_due(now)).limit(1)) is not None


def claim(session: Session, holder: str, now: datetime, lease: float, most: int) -> list[str]:
    """Take up to `most` due entries that nobody has, the longest due first; returns their calls. Short: whoever ends a
    call may be waiting."""
    due = select(OutboxEntry.call_id).where(*_due(now)).order_by(OutboxEntry.due_at).limit(most)
    ids = list(session.scalars(due.with_for_update(skip_locked=True)))
    taken = update(OutboxEntry).where(OutboxEntry.call_id.in_(ids))
    session.execute(taken.values(holder=holder, held_until=now + timedelta(seconds=lease)))
    return ids


def wanted(session: Session, call_ids: Sequence[str]) -> list[Wanted]:
    """What was claimed, in its order."""
    chosen = select(OutboxEntry, Call).join(Call, Call.id == OutboxEntry.call_id)
    found = session.execute(chosen.where(OutboxEntry.call_id.in_(call_ids)).order_by(OutboxEntry.due_at)).all()
    answers: dict[str, list[SurveyAnswer]] = defaultdict(list)
    for answer in session.scalars(select(SurveyAnswer).where(SurveyAnswer.call_id.in_(call_ids))):
        answers[answer.call_id].append(answer)
    recordings: dict[str, list[str]] = defaultdict(list)
    there = Recording.call_id.in_(call_ids), Recording.purged_at.is_(None)
    for call, recording in session.execute(
        select(Recording.call_id, Recording.id).where(*there).order_by(Recording.id)
    ):
        recordings[call].append(recording)
    return [Wanted(entry, call, answers[call.id], recordings[call.id]) for entry, call in found]


def delivered(session: Session, holder: str, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """`rows`: call, at (the backend), number, of (the type), begun (its first state), said, was (the revision)."""
    if rows:
        _DELIVERED.run(session, [{**row, "by": holder, "now": now} for row in rows])
        catalogue.refresh(session, [row["call"] for row in rows])


def put_off(session: Session, holder: str, call_id: str, reason: str, due_at: datetime) -> None:
    """It was not delivered; the next try is at `due_at`."""
    values = {"attempts": OutboxEntry.attempts + 1, "last_error": reason, "due_at": due_at}
    session.execute(_mine(holder, call_id).values(**values, **_FREE))


def set_aside(session: Session, holder: str, call_id: str, reason: str, now: datetime) -> None:
    """The backend will not take it, until somebody has seen to it (`retry`) or it changes."""
    values = {"attempts": OutboxEntry.attempts + 1, "last_error": reason, "failed_at": now}
    session.execute(_mine(holder, call_id).values(**values, **_FREE))


def _mine(holder: str, call_id: str) -> Any:
    return update(OutboxEntry).where(OutboxEntry.call_id == call_id, OutboxEntry.holder == holder)


def release(session: Session, holder: str, call_ids: Collection[str] | None = None) -> None:
    """Give claims back untried; None: all that a former process of the same name left."""
    mine = update(OutboxEntry).where(OutboxEntry.holder == holder)
    if call_ids is not None:
        mine = mine.where(OutboxEntry.call_id.in_(call_ids))
    session.execute(mine.values(**_FREE))


def retry(session: Session, now: datetime, call_ids: Collection[str] | None = None) -> int:
    """Those set aside (None: all of them) are due again; returns how many."""
    chosen = update(OutboxEntry).where(OutboxEntry.failed_at.is_not(None))
    if call_ids is not None:
        chosen = chosen.where(OutboxEntry.call_id.in_(call_ids))
    result: Any = session.execute(chosen.values(failed_at=None, attempts=0, due_at=now, since=now))
    return int(result.rowcount)


@dataclass(frozen=True)
class Standing:
    """`pending`: tickets that are due; `lag`: seconds for which the oldest of them has been; `failed`: set aside.
    `reason`: why the one tried last was not delivered."""

    pending: int
    lag: float
    failed: int
    reason: str

    def alarms(self, after: float) -> bool:
        return self.lag > after or self.failed > 0

    def alarm(self, after: float) -> dict[str, int] | None:
        """What is told when it is one."""
        told = {"pending": self.pending, "minutes": int(self.lag // 60), "failed": self.failed}
        return told if self.alarms(after) else None


def standing(session: Session, now: datetime) -> Standing:
    waiting = OutboxEntry.delivered_at.is_(None), OutboxEntry.failed_at.is_(None), OutboxEntry.since <= now
    number, oldest = session.execute(select(func.count(), func.min(OutboxEntry.since)).where(*waiting)).one()
    failed = session.scalar(select(func.count()).where(OutboxEntry.failed_at.is_not(None))) or 0
    told = select(OutboxEntry.last_error).where(*waiting, OutboxEntry.last_error != "")
    reason = session.scalar(told.order_by(OutboxEntry.due_at.desc()).limit(1))
    return Standing(number, (now - oldest).total_seconds() if oldest else 0.0, failed, reason or "")


def failed(session: Session, limit: int = 200) -> list[OutboxEntry]:
    """Those set aside, the newest first."""
    chosen = select(OutboxEntry).where(OutboxEntry.failed_at.is_not(None))
    return list(session.scalars(chosen.order_by(OutboxEntry.failed_at.desc()).limit(limit)))


def open_of(session: Session, caller: str) -> tuple[str, str]:
    """Number and state of the newest ticket of a number that is not closed; empty when there is none."""
    mine = Call.caller == caller, OutboxEntry.reference != "", OPEN
    chosen = select(OutboxEntry.reference, OutboxEntry.state).join(Call, Call.id == OutboxEntry.call_id).where(*mine)
    row = session.execute(chosen.order_by(Call.started_at.desc()).limit(1)).first()
    return (row[0], row[1]) if row else ("", "")


def reference(session: Session, call_id: str) -> str:
    """The number of a call's ticket, "" while it is not made."""
    return session.scalar(select(OutboxEntry.reference).where(OutboxEntry.call_id == call_id)) or ""


def get(session: Session, key: str) -> OutboxEntry | None:
    """By its call's id, or by the ticket's number."""
    found = session.get(OutboxEntry, key)
    return found or session.scalar(select(OutboxEntry).where(OutboxEntry.reference == key).limit(1))


def to_look(session: Session, backend: str, before: datetime, limit: int) -> list[OutboxEntry]:
    """Open tickets whose state was not read since then, those first for which somebody has asked."""
    old = or_(OutboxEntry.looked_at.is_(None), OutboxEntry.looked_at < before)
    chosen = select(OutboxEntry).where(OPEN, OutboxEntry.backend == backend, old)
    return list(session.scalars(chosen.order_by(OutboxEntry.looked_at.nulls_first()).limit(limit)))


def looked(session: Session, call_ids: Collection[str], states: Mapping[str, str], now: datetime) -> None:
    """The states of these calls' tickets were read; one without is not there, nor looked at any more."""
    for state in {*states.values(), ""}:
        ids = [call for call in call_ids if states.get(call, "") == state]
        if ids:
            of_these = update(OutboxEntry).where(OutboxEntry.call_id.in_(ids))
            session.execute(of_these.values(looked_at=now, state=state))


def look_soon(session: Session, reference: str) -> bool:
    """Somebody says that a ticket has changed: its state is read at once. False: there is no such ticket."""
    mine = update(OutboxEntry).where(OutboxEntry.reference == reference)
    state = case((OutboxEntry.state == "closed", "open"), else_=OutboxEntry.state)  # it may have been opened again
    result: Any = session.execute(mine.values(looked_at=None, state=state))
    return bool(result.rowcount)


def made_before(session: Session, backend: str, last: OutboxEntry | None, limit: int) -> list[OutboxEntry]:
    """Tickets in the order in which they were made, the newest first; those after `last` (None: from the newest)."""
    chosen = select(OutboxEntry).where(OutboxEntry.backend == backend, OutboxEntry.made_at.is_not(None))
    if last is not None:
        chosen = chosen.where(tuple_(OutboxEntry.made_at, OutboxEntry.call_id) < tuple_(last.made_at, last.call_id))
    order = OutboxEntry.made_at.desc(), OutboxEntry.call_id.desc()
    return list(session.scalars(chosen.order_by(*order).limit(limit)))


def due_again(session: Session, backend: str, since: datetime | None, now: datetime) -> int:
    """All that was delivered since then (None: ever) is due, from the start: what was told may be lost."""
    chosen = update(OutboxEntry).where(OutboxEntry.backend == backend, OutboxEntry.delivered_at.is_not(None))
    if since is not None:
        chosen = chosen.where(OutboxEntry.delivered_at >= since)
    result: Any = session.execute(chosen.values(**_anew(now), told={}))
    return int(result.rowcount)
