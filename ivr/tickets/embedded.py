"""The embedded ticketing backend: tables of our own, for a house without a ticketing system. What people do with these
tickets is in `desk`, how they are found in `search`."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, bindparam, select, text
from sqlalchemy.orm import Session

from ivr.store.database import Database, StoreError
from ivr.store.schema import Ticket, TicketChange, TicketComment, UtcTime, Words
from ivr.store.tickets import reword, words_of
from ivr.tickets import desk
from ivr.tickets.backend import Backend, Refused, Seen, Unavailable
from ivr.tickets.backends import Means
from ivr.tickets.clock import Terms
from ivr.tickets.outcome import Draft
from ivr.tickets.states import RUNNING, told

DRAFTED = ("type", "subject", "queue", "language", "priority", "caller", "state")
_COLUMNS = (
    *("call_id", *DRAFTED, "fields", "drafted", "words"),
    *("created_at", "updated_at", "due_at", "time_left", "assignee", "specialist"),
)
# `call_id` is unique in the table: who comes second, and be it at the same moment, finds the ticket of who was first.
_MAKE = text(
    f"INSERT INTO tickets ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{name}' for name in _COLUMNS)})"  # noqa: S608
    " ON CONFLICT (call_id) DO NOTHING"
).bindparams(
    *(bindparam(name, type_=JSON) for name in ("fields", "drafted")),
    *(bindparam(name, type_=UtcTime) for name in ("created_at", "updated_at", "due_at")),
    bindparam("words", type_=Words),
)

_LINK = text(
    "INSERT INTO ticket_links (ticket, url, title, at) VALUES (:ticket, :url, :title, :at) ON CONFLICT DO NOTHING"
).bindparams(bindparam("at", type_=UtcTime))


class Embedded(Backend):
    at_once = 500

    def __init__(self, database: Database, terms: Terms | None = None) -> None:
        self._database, self._terms = database, terms or Terms()

    def put(self, drafts: Sequence[Draft]) -> list[str]:
        """See `Backend.put`; all of them or none. What somebody has changed at the desk stays as they have it."""
        with self._changing() as session:
            return put(session, drafts, self._terms, datetime.now(UTC))

    def find(self, call_ids: Collection[str]) -> dict[str, Seen]:
        chosen = select(Ticket.call_id, Ticket.number, Ticket.state).where(Ticket.call_id.in_(call_ids))
        with _unavailable(), self._database.read() as session:
            return {call: Seen(str(number), told(state)) for call, number, state in session.execute(chosen)}

    def create(self, draft: Draft) -> str:
        return self.put([draft])[0]

    def update(self, reference: str, draft: Draft) -> None:
        self.put([draft])

    def comment(self, reference: str, text: str) -> None:
        with self._changing() as session:
            same = select(TicketComment.id).where(TicketComment.ticket == int(reference), TicketComment.text == text)
            if session.scalar(same) is None:
                desk.add_comment(session, int(reference), text, by="", now=datetime.now(UTC))

    def attach(self, reference: str, title: str, address: str) -> None:
        with self._changing() as session:
            _attach(session, int(reference), title, address, datetime.now(UTC))

    def check(self) -> list[str]:
        with _unavailable(), self._database.read() as session:
            session.execute(select(Ticket.number).limit(1))
        return []

    @contextmanager
    def _changing(self) -> Iterator[Session]:
        with _unavailable(), self._database.transaction() as session:
            yield session


def make(means: Means) -> Embedded:
    return Embedded(means.database, means.options.get("terms"))


def put(session: Session, drafts: Sequence[Draft], terms: Terms, now: datetime) -> list[str]:
    """In the session's transaction; see `Embedded.put`."""
    ids = [draft.call_id for draft in drafts]
    there = set(session.scalars(select(Ticket.call_id).where(Ticket.call_id.in_(ids))))
    if new := [_row(draft, terms, now) for draft in drafts if draft.call_id not in there]:
        session.connection().execute(_MAKE, new)
    chosen = select(Ticket).where(Ticket.call_id.in_(ids)).order_by(Ticket.number).with_for_update()
    found = {ticket.call_id: ticket for ticket in session.scalars(chosen)}
    for draft in drafts:
        ticket = found[draft.call_id]
        if draft.call_id not in there:
            _note_finished(session, ticket, draft, now)
        _merge(session, ticket, draft, terms, now)
        for address, title in draft.links.items():
            _attach(session, ticket.number, title, address, now)
    return [str(found[draft.call_id].number) for draft in drafts]


def _row(draft: Draft, terms: Terms, now: datetime) -> dict[str, Any]:
    left, runs = terms.targets.get(draft.type), draft.state in RUNNING
    return {
        **{name: getattr(draft, name) for name in ("call_id", *DRAFTED, "fields")},
        "drafted": _drafted(draft),
        "words": words_of(draft.subject, draft.fields),
        "created_at": now,
        "updated_at": now,
        "due_at": terms.due(now, left) if left is not None and runs else None,
        "time_left": None if runs else left,
        "assignee": "",
        "specialist": False,
    }


def _merge(session: Session, ticket: Ticket, draft: Draft, terms: Terms, now: datetime) -> None:
    """What the call says otherwise than last time, where nobody has changed it meanwhile."""
    drafted = _drafted(draft)
    if drafted == ticket.drafted and draft.fields == ticket.fields:
        return
    for name, value in drafted.items():
        was = ticket.drafted.get(name)
        if value != was and getattr(ticket, name) == was:
            desk.become(session, ticket, name, value, by=_by(draft), now=now, terms=terms)
    ticket.drafted, ticket.fields, ticket.updated_at = drafted, draft.fields, now
    reword(session, ticket)


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise Unavailable(str(error)) from error
    except desk.UnknownTicket as error:
        raise Refused(str(error)) from error


def _attach(session: Session, number: int, title: str, address: str, now: datetime) -> None:
    session.execute(_LINK, {"ticket": number, "url": address, "title": title, "at": now})


def _drafted(draft: Draft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in DRAFTED}


def _by(draft: Draft) -> str:
    operator = draft.fields.get("operator", "")
    return f"operator {operator}" if operator else ""


def _note_finished(session: Session, ticket: Ticket, draft: Draft, now: datetime) -> None:
    """One that began as finished has that in its history: the accounts go by it."""
    if draft.state != "new":
        change = {"what": "state", "old": "new", "new": draft.state}
        session.add(TicketChange(ticket=ticket.number, at=now, by=_by(draft), **change))


def get(session: Session, key: str) -> Ticket | None:
    """By number, or by its call's id."""
    if key.isascii() and key.isdigit() and len(key) < 10:
        return session.get(Ticket, int(key))
    return session.scalar(select(Ticket).where(Ticket.call_id == key))


def recent(session: Session, *, type: str = "", limit: int = 50) -> list[Ticket]:
    """The newest first."""
    chosen = select(Ticket).order_by(Ticket.number.desc()).limit(limit)
    return list(session.scalars(chosen.where(Ticket.type == type) if type else chosen))
