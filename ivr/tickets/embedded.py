"""The embedded ticketing backend: a table of our own, for a house without a ticketing system."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, bindparam, select, text
from sqlalchemy.orm import Session

from ivr.store.database import Database, StoreError
from ivr.store.schema import Ticket, UtcTime
from ivr.tickets.backend import Backend, Seen, Unavailable
from ivr.tickets.backends import Means
from ivr.tickets.outcome import Draft

# `call_id` is unique in the table: who comes second, and be it at the same moment, changes the ticket of who was first.
_PUT = text(
    "INSERT INTO tickets (call_id, type, subject, fields, created_at, updated_at)"
    " VALUES (:call_id, :type, :subject, :fields, :now, :now) ON CONFLICT (call_id) DO UPDATE"
    " SET type = excluded.type, subject = excluded.subject, fields = excluded.fields, updated_at = excluded.updated_at"
).bindparams(bindparam("fields", type_=JSON), bindparam("now", type_=UtcTime))


class Embedded(Backend):
    at_once = 500

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, drafts: Sequence[Draft]) -> list[str]:
        """See `Backend.put`; all of them or none."""
        with self._changing() as session:
            session.connection().execute(_PUT, [_values(draft) for draft in drafts])
            for draft in drafts:
                for address, title in draft.links.items():
                    _attach(session, Ticket.call_id == draft.call_id, title, address)
            numbers = _numbers(session, [draft.call_id for draft in drafts])
        return [numbers[draft.call_id] for draft in drafts]

    def find(self, call_ids: Collection[str]) -> dict[str, Seen]:
        with _unavailable(), self._database.read() as session:
            return {call: Seen(number, "open") for call, number in _numbers(session, call_ids).items()}

    def create(self, draft: Draft) -> str:
        return self.put([draft])[0]

    def update(self, reference: str, draft: Draft) -> None:
        self.put([draft])

    def comment(self, reference: str, text: str) -> None:
        with self._changing() as session:
            ticket = session.get_one(Ticket, int(reference), with_for_update=True)
            said = ticket.fields.get("comments", [])
            if text not in said:
                ticket.fields = ticket.fields | {"comments": [*said, text]}

    def attach(self, reference: str, title: str, address: str) -> None:
        with self._changing() as session:
            _attach(session, Ticket.number == int(reference), title, address)

    def check(self) -> list[str]:
        with _unavailable(), self._database.read() as session:
            session.execute(select(Ticket.number).limit(1))
        return []

    @contextmanager
    def _changing(self) -> Iterator[Session]:
        with _unavailable(), self._database.transaction() as session:
            yield session


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise Unavailable(str(error)) from error


def make(means: Means) -> Embedded:
    return Embedded(means.database)


def _values(draft: Draft) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {name: getattr(draft, name) for name in ("call_id", "type", "subject", "fields")} | {"now": now}


def _numbers(session: Session, call_ids: Collection[str]) -> dict[str, str]:
    made = select(Ticket.call_id, Ticket.number).where(Ticket.call_id.in_(call_ids))
    return {call_id: str(number) for call_id, number in session.connection().execute(made)}


def _attach(session: Session, which: Any, title: str, address: str) -> None:
    ticket = session.scalars(select(Ticket).where(which).with_for_update()).one()
    ticket.fields = ticket.fields | {"links": ticket.fields.get("links", {}) | {address: title}}


def recent(session: Session, *, type: str = "", limit: int = 50) -> list[Ticket]:
    chosen = select(Ticket).order_by(Ticket.number.desc()).limit(limit)
    return list(session.scalars(chosen.where(Ticket.type == type) if type else chosen))


def get(session: Session, key: str) -> Ticket | None:
    """By number, or by its call's id."""
    if key.isdigit():
        return session.get(Ticket, int(key))
    return session.scalar(select(Ticket).where(Ticket.call_id == key))
