"""The embedded tickets' rows, as more than one room needs them."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ivr.store.schema import Ticket, TicketChange, TicketComment
from ivr.store.words import words

# Fields that nobody has put into words: they are not searched for words.
KNOWN = frozenset(("outcome", "queue", "operator", "language", "started_at", "talked", "callback_of", "caller"))


def reword(session: Session, ticket: Ticket) -> None:
    """After something was written: what the ticket is found by."""
    comments = session.scalars(select(TicketComment.text).where(TicketComment.ticket == ticket.number))
    ticket.words = words_of(ticket.subject, ticket.fields, *comments)


def words_of(subject: str, fields: Mapping[str, Any], *comments: str) -> list[str]:
    return words(subject, *(str(text) for name, text in fields.items() if name not in KNOWN), *comments)


def swap(session: Session, calls: Mapping[str, Callable[[Any], Any]]) -> None:
    """In all that the tickets of these calls say, by each call's own function of a text or any JSON."""
    for ticket in session.scalars(select(Ticket).where(Ticket.call_id.in_(calls))).all():
        change = calls[ticket.call_id]
        for name in ("subject", "fields", "caller", "drafted"):
            if (new := change(was := getattr(ticket, name))) != was:
                setattr(ticket, name, new)
        for comment in session.scalars(select(TicketComment).where(TicketComment.ticket == ticket.number)):
            comment.text = change(comment.text)
        for entry in session.scalars(select(TicketChange).where(TicketChange.ticket == ticket.number)):
            entry.old, entry.new = change(entry.old), change(entry.new)
        session.flush()
        reword(session, ticket)


def forget(session: Session) -> None:
    """Words that no ticket has any more are gone for good: SQLite's index would keep them until it merges its parts."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("INSERT INTO ticket_words (ticket_words) VALUES ('optimize')"))
