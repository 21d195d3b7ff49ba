"""Tickets as programs read and send them."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from ivr.tickets import desk
from ivr.tickets.table import Priority, State, TicketType
from ivr.web.v1.types import READABLE, Id, Page, Word, means

Number = Annotated[int, Meta(ge=1, le=999_999_999)]
Subject = Annotated[str, Meta(min_length=1, max_length=desk.LONGEST, pattern=READABLE)]
Text = Annotated[str, Meta(min_length=1, max_length=desk.LONGEST_COMMENT, pattern="^[^\\x00]*$")]
Fields = Annotated[dict[Word, Annotated[str, Meta(max_length=2000, pattern="^[^\\x00]*$")]], Meta(max_length=50)]


class Change(Struct):
    """Something about a ticket that became another."""

    at: Annotated[datetime, means("ticket_changes.at")]
    by: Annotated[str, means("ticket_changes.by")]
    what: Annotated[str, means("ticket_changes.what")]
    old: Annotated[str, means("ticket_changes.old")]
    new: Annotated[str, means("ticket_changes.new")]


class Comment(Struct):
    """What somebody wrote to a ticket."""

    at: Annotated[datetime, means("ticket_comments.at")]
    by: Annotated[str, means("ticket_comments.by")]
    text: Annotated[str, means("ticket_comments.text")]


class Link(Struct):
    """Something to look at with a ticket."""

    title: Annotated[str, means("ticket_links.title")]
    url: Annotated[str, means("ticket_links.url")]


class Ticket(Struct):
    """A ticket, as it stands."""

    number: Annotated[Number, means("tickets.number")]
    call: Annotated[str, Meta(description="Its call; empty for one without a call")]
    type: Annotated[str, means("tickets.type")]
    subject: Annotated[str, means("tickets.subject")]
    state: Annotated[str, means("tickets.state")]
    queue: Annotated[str, means("tickets.queue")]
    language: Annotated[str, means("tickets.language")]
    priority: Annotated[str, means("tickets.priority")]
    assignee: Annotated[str, means("tickets.assignee")]
    specialist: Annotated[bool, means("tickets.specialist")]
    caller: Annotated[str, means("tickets.caller")]
    fields: Annotated[dict[str, Any], means("tickets.fields")]
    created_at: Annotated[datetime, means("tickets.created_at")]
    updated_at: Annotated[datetime, means("tickets.updated_at")]
    due_at: Annotated[datetime | None, means("tickets.due_at")]


class WholeTicket(Ticket):
    """A ticket with what was done and written."""

    history: list[Change]
    comments: list[Comment]
    links: list[Link]


class Tickets(Page[Ticket]):
    pass


class NewTicket(Struct, forbid_unknown_fields=True):
    """What a ticket is to be. One about a call says of queue, language and priority what the call does, where this does
    not."""

    type: TicketType
    subject: Subject
    call: Annotated[Id | UnsetType, Meta(description="The call it is about; without one it stands alone")] = UNSET
    queue: Annotated[str, Meta(max_length=desk.LONGEST, pattern=READABLE)] | UnsetType = UNSET
    language: Annotated[str, Meta(max_length=20, pattern=READABLE)] | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    fields: Fields = {}


class TicketPatch(Struct, forbid_unknown_fields=True):
    """What is to become another; the rest stays."""

    state: State | UnsetType = UNSET
    type: TicketType | UnsetType = UNSET
    subject: Subject | UnsetType = UNSET
    queue: Annotated[str, Meta(max_length=desk.LONGEST, pattern=READABLE)] | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    assignee: Annotated[str, Meta(max_length=100, pattern=READABLE)] | UnsetType = UNSET
    specialist: bool | UnsetType = UNSET


class NewComment(Struct, forbid_unknown_fields=True):
    text: Text
