"""The embedded ticketing backend: a table of our own, for a house without a ticketing system."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import JSON, bindparam, select, text
from sqlalchemy.orm import Session

from ivr.store.database import Database
from ivr.store.schema import Ticket, UtcTime
from ivr.tickets.outcome import Draft

# `call_id` is unique in the table: who comes second, and be it at the same moment, changes the ticket of who was first.
_PUT = text(
    "INSERT INTO tickets (call_id, type, subject, fields, created_at, updated_at)"
    " VALUES (:call_id, :type, :subject, :fields, :now, :now) ON CONFLICT (call_id) DO UPDATE"
    " SET type = excluded.type, subject = excluded.subject, fields = excluded.fields, updated_at = excluded.updated_at"
).bindparams(bindparam("fields", type_=JSON), bindparam("now", type_=UtcTime))


class Embedded:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, drafts: Sequence[Draft]) -> list[str]:
        """See `Backend.put`; all of them or none."""
        now = datetime.now(UTC)
        with self._database.transaction() as session:
            session.connection().execute(_PUT, [vars(draft) | {"now": now} for draft in drafts])
            made = select(Ticket.call_id, Ticket.number).where(Ticket.call_id.in_([draft.call_id for draft in drafts]))
            numbers = {call_id: str(number) for call_id, number in session.connection().execute(made)}
        return [numbers[draft.call_id] for draft in drafts]


def recent(session: Session, *, type: str = "", limit: int = 50) -> list[Ticket]:
    chosen = select(Ticket).order_by(Ticket.number.desc()).limit(limit)
    return list(session.scalars(chosen.where(Ticket.type == type) if type else chosen))


def get(session: Session, key: str) -> Ticket | None:
    """By number, or by its call's id."""
    if key.isdigit():
        return session.get(Ticket, int(key))
    return session.scalar(select(Ticket).where(Ticket.call_id == key))
