"""The outbox: delivers the tickets that the ends of calls have asked for. Search, create, then mark: a crash at any
point leads to the same ticket once more, never to a second one."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ivr.store.database import Database, StoreError
from ivr.store.schema import Call, OutboxEntry
from ivr.tickets.backend import Backend, BackendError
from ivr.tickets.outcome import Types, draft

log = logging.getLogger(__name__)
AT_ONCE = 100
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0


def deliver_due(database: Database, backend: Backend, types: Types, now: datetime) -> int:
    """Deliver what is due; returns how many. What fails is due again after a pause that doubles up to five minutes."""
    with database.read() as session:
        chosen = select(OutboxEntry, Call).join(Call, Call.id == OutboxEntry.call_id)
        due = chosen.where(OutboxEntry.delivered_at.is_(None), OutboxEntry.due_at <= now)
        entries = session.execute(due.order_by(OutboxEntry.due_at).limit(AT_ONCE)).all()
    return sum(_deliver(database, backend, types, entry, call, now) for entry, call in entries)


def _deliver(database: Database, backend: Backend, types: Types, entry: OutboxEntry, call: Call, now: datetime) -> bool:
    wanted = draft(call, types)
    try:
        number = entry.reference or backend.find(call.id)
        if number:
            backend.update(number, wanted)
        else:
            number = backend.create(wanted)
    except (BackendError, StoreError) as error:
        pause = min(FIRST_PAUSE * 2.0**entry.attempts, LONGEST_PAUSE)
        log.error("a ticket was not delivered, next try in %.0f s: %s", pause, error, extra={"call": call.id})
        values = {
            "attempts": entry.attempts + 1,
            "last_error": str(error)[:500],
            "due_at": now + timedelta(seconds=pause),
        }
    else:
        values = {"reference": number, "delivered_at": now, "last_error": ""}
    with database.transaction() as session:
        # Only if it is still the same wish: a disposition given meanwhile makes it due anew.
        mine = update(OutboxEntry).where(OutboxEntry.call_id == call.id, OutboxEntry.due_at == entry.due_at)
        session.execute(mine.values(**values))
    return "delivered_at" in values


def pending(session: Session) -> int:
    return session.scalar(select(func.count()).where(OutboxEntry.delivered_at.is_(None))) or 0
