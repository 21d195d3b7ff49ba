"""The embedded ticketing backend: a table of our own, for a house without a ticketing system."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.store.database import Database
from ivr.store.schema import Ticket
from ivr.tickets.outcome import Draft


class Embedded:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, call_id: str) -> str | None:
        with self._database.read() as session:
            number = session.scalar(select(Ticket.number).where(Ticket.call_id == call_id))
        return None if number is None else str(number)

    def create(self, draft: Draft) -> str:
        """`call_id` is unique in the table: of two who create at once, one fails and finds it at its next try."""
        now = datetime.now(UTC)
        with self._database.transaction() as session:
            ticket = Ticket(
                call_id=draft.call_id,
                type=draft.type,
                subject=draft.subject,
                fields=draft.fields,
                created_at=now,
                updated_at=now,
            )
            session.add(ticket)
            session.flush()
            return str(ticket.number)

    def update(self, number: str, draft: Draft) -> None:
        with self._database.transaction() as session:
            ticket = session.get_one(Ticket, int(number))
            ticket.type, ticket.subject, ticket.fields = draft.type, draft.subject, draft.fields
            ticket.updated_at = datetime.now(UTC)


def recent(session: Session, *, type: str = "", limit: int = 50) -> list[Ticket]:
    chosen = select(Ticket).order_by(Ticket.number.desc()).limit(limit)
    return list(session.scalars(chosen.where(Ticket.type == type) if type else chosen))


def get(session: Session, key: str) -> Ticket | None:
    """By number, or by its call's id."""
    if key.isdigit():
        return session.get(Ticket, int(key))
    return session.scalar(select(Ticket).where(Ticket.call_id == key))
