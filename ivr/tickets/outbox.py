"""The outbox: delivers the tickets that the ends of calls have asked for, many at a time. Make, then mark: a crash at
any point leads to the same ticket once more, never to a second one."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from ivr.store import catalogue
from ivr.store.database import Database
from ivr.store.schema import Base, Call, OutboxEntry
from ivr.tickets.backend import Backend, BackendError
from ivr.tickets.outcome import Draft, Types, draft

log = logging.getLogger(__name__)
AT_ONCE = 500
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0

_OUTBOX = Base.metadata.tables["ticket_outbox"]
# Only if it is still the same wish: a disposition given meanwhile makes it due anew.
_MARK = update(_OUTBOX).where(_OUTBOX.c.call_id == bindparam("call"), _OUTBOX.c.due_at == bindparam("was_due_at"))


def deliver_due(database: Database, backend: Backend, types: Types, now: datetime) -> int:
    """Deliver what is due; returns how many. What fails is due again after a pause that doubles up to five minutes."""
    with database.read() as session:
        chosen = select(OutboxEntry, Call).join(Call, Call.id == OutboxEntry.call_id)
        due = chosen.where(OutboxEntry.delivered_at.is_(None), OutboxEntry.due_at <= now)
        found = session.execute(due.order_by(OutboxEntry.due_at).limit(AT_ONCE)).all()
    if not found:
        return 0
    drafts = [draft(call, types) for _, call in found]
    delivered, failed = [], []
    for (entry, _), wanted, result in zip(found, drafts, _put(backend, drafts), strict=True):
        if isinstance(result, str):
            delivered.append(_mark(entry, reference=result, type=wanted.type, delivered_at=now, last_error=""))
        else:
            failed.append(_again(entry, result, now))
    with database.transaction() as session:
        for marks in (delivered, failed):
            if marks:
                session.connection().execute(_MARK, marks)
        catalogue.refresh(session, [mark["call"] for mark in delivered])
    return len(delivered)


def _put(backend: Backend, drafts: Sequence[Draft]) -> list[str | Exception]:
    """A number or an error for each. When they cannot be put together, it is tried with each alone."""
    try:
        return list(backend.put(drafts))
    except BackendError as error:
        return [error] if len(drafts) == 1 else [result for one in drafts for result in _put(backend, [one])]


def _again(entry: OutboxEntry, error: Exception, now: datetime) -> dict[str, Any]:
    pause = min(FIRST_PAUSE * 2.0**entry.attempts, LONGEST_PAUSE)
    log.error("a ticket was not delivered, next try in %.0f s: %s", pause, error, extra={"call": entry.call_id})
    return _mark(entry, attempts=entry.attempts + 1, last_error=str(error)[:500], due_at=now + timedelta(seconds=pause))


def _mark(entry: OutboxEntry, **values: Any) -> dict[str, Any]:
    return {"call": entry.call_id, "was_due_at": entry.due_at, **values}


def pending(session: Session) -> int:
    return session.scalar(select(func.count()).where(OutboxEntry.delivered_at.is_(None))) or 0
