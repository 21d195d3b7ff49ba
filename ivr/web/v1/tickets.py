"""Tickets of the embedded ticketing system: found, made, changed, commented on. Each call has one by itself; one that
a program makes without a call has a key of its own."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import select
from uuid_utils import uuid7

from ivr.store import calls, schema
from ivr.tickets import desk, embedded, search
from ivr.tickets.outcome import Draft, draft
from ivr.web.v1 import known
from ivr.web.v1.asker import Asker
from ivr.web.v1.operations import Operation
from ivr.web.v1.problems import Refusal
from ivr.web.v1.ticket_shapes import (
    Change,
    Comment,
    Link,
    NewComment,
    NewTicket,
    Number,
    Ticket,
    TicketPatch,
    Tickets,
    WholeTicket,
)
from ivr.web.v1.types import Id, asked_by, criteria

OWN = "api-"  # the key of a ticket without a call begins so
BY_OPERATOR = "operator "
HELP = {name: text for name, text in search.HELP.items() if name != "caller"}  # addresses end up in logs
TicketQuery = asked_by("TicketQuery", HELP, call=Annotated[Id | UnsetType, Meta(description="Of this call alone")])


def list_tickets(asker: Asker, query: TicketQuery) -> Tickets:  # type: ignore[valid-type]
    """Tickets, the newest first. Several criteria must all hold; one that is given several times means any of its
    values."""
    _here(asker)
    asked: Any = query
    if asked.call is not UNSET:
        found = _of(asker, asked.call)
        return Tickets(_shown(asker, [found] if found else []), None)
    house = asker.house
    try:
        page = search.find(
            asker.session,
            criteria(asked, HELP),
            policy=house.policy,
            zone=house.zone,
            now=datetime.now(UTC),
            limit=asked.limit,
            after=asked.after,
        )
    except search.SearchError as error:
        raise Refusal(400, str(error)) from None
    return Tickets(_shown(asker, page.rows), page.next or None)


def get_ticket(asker: Asker, number: Number) -> WholeTicket:
    """One ticket, with its history and comments."""
    _here(asker)
    return _whole(asker, number)


def post_ticket(asker: Asker, body: NewTicket) -> WholeTicket:
    """Make a ticket. Each call has one by itself, soon after its end; 409 when it is there already, or the call is not
    over."""
    _here(asker)
    made = _for_call if body.call is not UNSET else _alone
    return _whole(asker, made(asker, body))


def _alone(asker: Asker, body: NewTicket) -> int:
    given = {name: getattr(body, name) for name in ("type", "subject", "queue", "language", "priority", "fields")}
    given = {name: value for name, value in given.items() if value is not UNSET}
    return _put(asker, Draft(call_id=f"{OWN}{uuid7()}", **given))


def _for_call(asker: Asker, body: NewTicket) -> int:
    """What the call says of it stays, and goes on being told; what is asked for otherwise is a change."""
    session, id = asker.session, str(body.call)
    call = session.get(schema.Call, id, with_for_update=True)
    if call is None:
        raise Refusal(409, f"call: there is no call {id}")
    if there := _of(asker, id):
        raise Refusal(409, f"call {id} has ticket {there.number} already; change that one")
    if call.ended_at is None:
        raise Refusal(409, f"call {id} goes on; its ticket comes with its end")
    calls.add_to_ticket(session, id, body.fields, datetime.now(UTC))
    number = _put(asker, draft(call, asker.house.policy))
    for what in ("type", "subject", "queue", "priority"):
        if (value := getattr(body, what)) is not UNSET:
            _done(asker, desk.change, number, what, value, terms=asker.house.terms)
    return number


def _of(asker: Asker, call: str) -> schema.Ticket | None:
    return asker.session.scalar(select(schema.Ticket).where(schema.Ticket.call_id == call))


def _put(asker: Asker, wanted: Draft) -> int:
    [number] = embedded.put(asker.session, [wanted], asker.house.terms, datetime.now(UTC))
    return int(number)


def patch_ticket(asker: Asker, number: Number, body: TicketPatch) -> WholeTicket:
    """Change a ticket. 409 says what cannot be, as a state that does not follow the one it is in."""
    _here(asker)
    asker.session.get(schema.Ticket, number, with_for_update=True)
    asker.must_match(_whole(asker, number))
    for what in TicketPatch.__struct_fields__:
        value = getattr(body, what)
        if value is not UNSET:
            text = ("yes" if value else "no") if isinstance(value, bool) else value
            _done(asker, desk.change, number, what, text, terms=asker.house.terms)
    return _whole(asker, number)


def post_comment(asker: Asker, number: Number, body: NewComment) -> Comment:
    """Comment on a ticket."""
    _here(asker)
    made = _done(asker, desk.comment, number, body.text)
    return Comment(made.at, made.by, made.text)


def _here(asker: Asker) -> None:
    if asker.house.backend != "embedded":
        raise Refusal(409, f"tickets are in {asker.house.backend}; ask there (calls tell their tickets' numbers)")


def _done(asker: Asker, work: Any, number: int, *given: Any, **more: Any) -> Any:
    try:
        return work(asker.session, number, *given, by=asker.user, now=datetime.now(UTC), **more)
    except desk.UnknownTicket as error:
        raise Refusal(404, str(error)) from None
    except desk.DeskError as error:
        raise Refusal(409, str(error)) from None


def _whole(asker: Asker, number: int) -> WholeTicket:
    asker.session.flush()
    try:
        whole = desk.whole(asker.session, number)
    except desk.UnknownTicket:
        raise Refusal(404, f"there is no ticket {number}") from None
    numbers = known.numbers(asker.session, [whole.ticket.call_id])[whole.ticket.call_id]

    def told(text: str) -> str:
        return str(asker.veiled(text, numbers))

    return WholeTicket(
        **_facts(asker, whole.ticket, numbers),
        history=[Change(one.at, _by(asker, one.by), one.what, told(one.old), told(one.new)) for one in whole.changes],
        comments=[Comment(one.at, _by(asker, one.by), told(one.text)) for one in whole.comments],
        links=[Link(one.title, one.url) for one in whole.links],
    )


def _shown(asker: Asker, rows: Collection[schema.Ticket]) -> list[Ticket]:
    numbers = known.numbers(asker.session, [row.call_id for row in rows])
    return [Ticket(**_facts(asker, row, numbers[row.call_id])) for row in rows]


def _facts(asker: Asker, row: schema.Ticket, numbers: Collection[str]) -> dict[str, Any]:
    facts = {name: getattr(row, name) for name in Ticket.__struct_fields__ if name != "call"}
    facts |= {name: asker.veiled(facts[name], numbers) for name in ("subject", "fields", "caller")}
    if operator := facts["fields"].get("operator"):
        facts["fields"] = facts["fields"] | {"operator": asker.operators.shown(operator)}
    return facts | {"call": "" if row.call_id.startswith(OWN) else row.call_id}


def _by(asker: Asker, by: str) -> str:
    return f"{BY_OPERATOR}{asker.operators.shown(by.removeprefix(BY_OPERATOR))}" if by.startswith(BY_OPERATOR) else by


OPERATIONS = [
    Operation("GET", "/tickets", "tickets:read", list_tickets),
    Operation("POST", "/tickets", "tickets:write", post_ticket, status=201, makes="/tickets/{number}"),
    Operation("GET", "/tickets/{number}", "tickets:read", get_ticket),
    Operation("PATCH", "/tickets/{number}", "tickets:write", patch_ticket, races=True),
    Operation("POST", "/tickets/{number}/comments", "tickets:write", post_comment, status=201),
]
