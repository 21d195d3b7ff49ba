"""Tickets: those that calls want, and the embedded backend's own."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.store.schema.base import Base, Words

FAILED = text("failed_at IS NOT NULL")
OPEN = text("state IN ('new', 'open', 'waiting')")
ON_THE_CLOCK = text("due_at IS NOT NULL")


class OutboxEntry(Base):
    """A call's ticket as it is wanted at the backend: written with the end of the call, or while it lives when its flow
    tells the number. Each change makes it due anew (`revision`), so what is delivered last is what is true."""

    __tablename__ = "ticket_outbox"
    __table_args__ = (
        Index("ticket_outbox_due", "delivered_at", "due_at"),
        Index("ticket_outbox_made", "made_at"),
        Index("ticket_outbox_reference", "reference"),
        Index("ticket_outbox_failed", "failed_at", sqlite_where=FAILED, postgresql_where=FAILED),
        Index("ticket_outbox_open", "looked_at", sqlite_where=OPEN, postgresql_where=OPEN),
    )
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    due_at: Mapped[datetime]  # no try before
    since: Mapped[datetime]  # it has been due
    revision: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str] = mapped_column(default="")  # who delivers it now, until `held_until`
    held_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(default="")
    failed_at: Mapped[datetime | None]  # set aside: the backend will not take it
    delivered_at: Mapped[datetime | None]
    made_at: Mapped[datetime | None]  # delivered for the first time
    backend: Mapped[str] = mapped_column(default="")  # that has it
    reference: Mapped[str] = mapped_column(default="")  # the backend's number for it
    type: Mapped[str] = mapped_column(default="")  # it was delivered with
    told: Mapped[dict[str, Any]] = mapped_column(default=dict)  # links and fields that the backend keeps as text
    state: Mapped[str] = mapped_column(default="")  # at the backend: new, open, waiting, closed
    looked_at: Mapped[datetime | None]  # when the state was read; empty: is to be read now


class Ticket(Base):
    """The embedded backend's own table; `call_id` is unique, so a repeated delivery makes no second one. A listing's
    index ends with what it is ordered by, so that its page is read off."""

    __tablename__ = "tickets"
    __table_args__ = (
        UniqueConstraint("call_id"),
        Index("tickets_newest", "created_at", "number"),
        Index("tickets_due", "due_at", "number", sqlite_where=ON_THE_CLOCK, postgresql_where=ON_THE_CLOCK),
        *(
            Index(f"tickets_{name}", name, "created_at", "number")
            for name in ("state", "type", "queue", "assignee", "caller")
        ),
        Index("tickets_words", "words", postgresql_using="gin").ddl_if(dialect="postgresql"),
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    call_id: Mapped[str]
    type: Mapped[str]
    subject: Mapped[str]
    fields: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    queue: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")
    priority: Mapped[str] = mapped_column(default="normal")  # low, normal, high
    caller: Mapped[str] = mapped_column(default="")  # as far as the settings allow
    state: Mapped[str] = mapped_column(default="new")  # new, open, waiting, resolved, closed
    assignee: Mapped[str] = mapped_column(default="")  # a user; "" nobody yet
    specialist: Mapped[bool] = mapped_column(default=False)  # the buyer's specialists were needed
    due_at: Mapped[datetime | None]  # when its target is missed; empty while the clock stands still
    time_left: Mapped[float | None]  # seconds of the target then, negative when it was missed; empty: it has no target
    drafted: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what the call said of it last
    words: Mapped[list[str] | None] = mapped_column(Words, deferred=True)


class TicketChange(Base):
    """Something about a ticket that became another: `what` is the column. Only ever added to."""

    __tablename__ = "ticket_changes"
    __table_args__ = (Index("ticket_changes_of", "ticket", "id"), Index("ticket_changes_to", "what", "new", "at"))
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ticket: Mapped[int] = mapped_column(ForeignKey("tickets.number"))
    at: Mapped[datetime]
    by: Mapped[str]  # a user; "operator CODE" in the call itself; "" nobody
    what: Mapped[str]
    old: Mapped[str]
    new: Mapped[str]


class TicketComment(Base):
    """What somebody wrote to a ticket."""

    __tablename__ = "ticket_comments"
    __table_args__ = (Index("ticket_comments_of", "ticket", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ticket: Mapped[int] = mapped_column(ForeignKey("tickets.number"))
    at: Mapped[datetime]
    by: Mapped[str]  # a user; "" what the call itself told
    text: Mapped[str]


class TicketLink(Base):
    """Something to look at with a ticket, as the recording of its call."""

    __tablename__ = "ticket_links"
    ticket: Mapped[int] = mapped_column(ForeignKey("tickets.number"), primary_key=True)
    url: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    at: Mapped[datetime]
