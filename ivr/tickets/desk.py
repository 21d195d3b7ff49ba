"""What people do with the embedded tickets: change, assign, comment. Each step is in the ticket's history and in the
audit log; two who change one ticket at once do it one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr import plain
from ivr.problem import Problem
from ivr.store import audit, outbox
from ivr.store.schema import Call, Ticket, TicketChange, TicketComment, TicketLink, User
from ivr.store.tickets import reword
from ivr.tickets.clock import Terms
from ivr.tickets.states import NEXT, RUNNING, told
from ivr.tickets.table import TYPES

PRIORITIES = ("low", "normal", "high")
CHANGED = ("state", "type", "assignee", "queue", "priority", "subject", "specialist")  # what people may change
LONGEST, LONGEST_COMMENT = 200, 100_000  # characters, of a subject and of a comment
MOST = 1_000_000  # that are looked at


class DeskError(Problem):
    """Something that cannot be done with a ticket; the message says why."""


class UnknownTicket(DeskError):
    """There is no such ticket."""


@dataclass(frozen=True)
class Whole:
    """All there is about a ticket. `call` is None when the ticket's call is not known here."""

    ticket: Ticket
    changes: Sequence[TicketChange]
    comments: Sequence[TicketComment]
    links: Sequence[TicketLink]
    call: Call | None


def whole(session: Session, number: int) -> Whole:
    """Raises UnknownTicket."""
    ticket = session.get(Ticket, number)
    if ticket is None:
        raise UnknownTicket(f"there is no ticket {number}; see `ivr tickets list`")

    def of(kind: Any, order: Any) -> Any:
        return session.scalars(select(kind).where(kind.ticket == number).order_by(order)).all()

    call = session.get(Call, ticket.call_id)
    changes, comments = of(TicketChange, TicketChange.id), of(TicketComment, TicketComment.id)
    return Whole(ticket, changes, comments, of(TicketLink, TicketLink.at), call)


def change(session: Session, number: int, what: str, value: str, *, by: str, now: datetime, terms: Terms) -> Ticket:
    """`what`: one of CHANGED. What it is already stays without a trace. Raises DeskError."""
    ticket = _held(session, number)
    new = _checked(session, ticket, what, plain.line(value, MOST))
    if getattr(ticket, what) == new:
        return ticket
    become(session, ticket, what, new, by=by, now=now, terms=terms)
    if what == "subject":
        reword(session, ticket)
    audit.write(session, by, f"ticket-{what}", str(number), str(new) if what != "subject" else "")
    return ticket


def comment(session: Session, number: int, text: str, *, by: str, now: datetime) -> TicketComment:
    """Raises DeskError."""
    text = plain.paragraphs(text, MOST).strip()
    if not text:
        raise DeskError("comment: is empty; write something")
    if len(text) > LONGEST_COMMENT:
        raise DeskError(f"comment: {len(text)} characters are too many; {LONGEST_COMMENT} at most")
    one = add_comment(session, number, text, by=by, now=now)
    audit.write(session, by, "ticket-comment", str(number))
    return one


def add_comment(session: Session, number: int, text: str, *, by: str, now: datetime) -> TicketComment:
    ticket = _held(session, number)
    one = TicketComment(ticket=number, at=now, by=by, text=text)
    session.add(one)
    session.flush()
    ticket.updated_at = now
    reword(session, ticket)
    return one


def become(session: Session, ticket: Ticket, what: str, new: Any, *, by: str, now: datetime, terms: Terms) -> None:
    """Without asking whether it may; with its history and its clock."""
    session.add(
        TicketChange(ticket=ticket.number, at=now, by=by, what=what, old=_told(getattr(ticket, what)), new=_told(new))
    )
    if what in ("state", "type"):
        _set_clock(ticket, what, new, now, terms)
    if what == "state":
        outbox.looked(session, [ticket.call_id], {ticket.call_id: told(new)}, now)
    setattr(ticket, what, new)
    ticket.updated_at = now


def _told(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _set_clock(ticket: Ticket, what: str, new: Any, now: datetime, terms: Terms) -> None:
    """Of another type, the time that was spent is spent. What is waiting or finished stands still."""
    left = terms.left(now, ticket.due_at) if ticket.due_at else ticket.time_left
    if what == "type":
        before, target = terms.targets.get(ticket.type), terms.targets.get(new)
        spent = before - left if before is not None and left is not None else 0.0
        left = None if target is None else target - spent
    runs = (new if what == "state" else ticket.state) in RUNNING
    ticket.due_at = terms.due(now, left) if runs and left is not None else None
    ticket.time_left = None if runs else left


def _held(session: Session, number: int) -> Ticket:
    ticket = session.scalar(select(Ticket).where(Ticket.number == number).with_for_update())
    if ticket is None:
        raise UnknownTicket(f"there is no ticket {number}; see `ivr tickets list`")
    return ticket


def _checked(session: Session, ticket: Ticket, what: str, value: str) -> Any:
    match what:
        case "state":
            if value != ticket.state and value not in NEXT[ticket.state]:  # type: ignore[index]
                then = ", ".join(NEXT[ticket.state])  # type: ignore[index]
                raise DeskError(f"state: a ticket that is {ticket.state} cannot become '{value}'; {then}")
        case "type" | "priority":
            allowed = TYPES if what == "type" else PRIORITIES
            if value not in allowed:
                raise DeskError(f"{what}: '{value}' is none of {', '.join(allowed)}")
        case "assignee":
            user = session.get(User, value) if value else None
            if value and (user is None or user.removed_at):
                raise DeskError(f"assignee: there is no user '{value}'; see `ivr users list`")
        case "specialist":
            if value not in ("yes", "no"):
                raise DeskError(f"specialist: '{value}' is neither yes nor no")
            return value == "yes"
        case "subject" | "queue":
            if len(value) > LONGEST or (what == "subject" and not value):
                raise DeskError(f"{what}: has {len(value)} characters; 1 to {LONGEST} are possible")
        case _:
            raise DeskError(f"{what}: cannot be changed; {', '.join(CHANGED)} can")
    return value
