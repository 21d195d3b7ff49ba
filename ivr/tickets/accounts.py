"""What a month's closed tickets come to: § 7 of the contract. A ticket that an operator has closed is paid once, by its
type; one for which the buyer's specialists were needed has a price of its own.

A ticket counts in the month of the first closing that outlived its month, as it was when that month ended: so what a
month came to stays what it was, whoever opens or changes the ticket later, and no ticket is paid twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from ivr.days import bounds
from ivr.store.schema import Call, OutboxEntry, Ticket, TicketChange

PAID = ("Q", "PQ", "A", "I", "PA", "PI")
SPECIALIST = "specialist"
OWN = "embedded"
AT_ONCE = 1000


@dataclass(frozen=True)
class Prices:
    """Euros without VAT. `specialist_is`: that price is paid instead of the type's own, or besides it."""

    by_type: Mapping[str, Decimal]
    specialist: Decimal
    specialist_is: Literal["instead", "besides"] = "instead"


@dataclass(frozen=True)
class Closed:
    """A ticket that was closed in the month. `by`: who closed it, "" nobody: the table did, with no operator there."""

    number: str
    backend: str
    type: str
    closed_at: datetime
    by: str
    specialist: bool


@dataclass(frozen=True)
class Line:
    what: str  # a type, or `specialist`
    tickets: int
    price: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Account:
    """`closed`: all of the month, also those not paid. `unpaid`: of type B, or closed by no operator. `unknown`:
    tickets in another backend of which nobody knows how they stand; `undelivered`: calls whose ticket is nowhere yet;
    `specialists_unknown`: tickets counted here whose backend does not say whether specialists were needed."""

    month: str
    lines: Sequence[Line]
    total: Decimal
    closed: Sequence[Closed]
    unpaid: int
    unknown: int
    undelivered: int
    specialists_unknown: int


def month_bounds(month: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """[its first midnight, that of the next) in UTC."""
    first = month.replace(day=1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return bounds(first, zone)[0], bounds(after, zone)[0]


def account(session: Session, month: date, prices: Prices, zone: ZoneInfo) -> Account:
    begin, end = month_bounds(month, zone)
    closed = sorted([*_own(session, begin, end, zone), *_elsewhere(session, begin, end)], key=lambda one: one.closed_at)
    paid = [one for one in closed if is_paid(one)]
    lines = list(price(paid, prices))
    entries = select(func.count()).select_from(OutboxEntry)
    unread = or_(OutboxEntry.looked_at.is_(None), OutboxEntry.state == "")
    unknown = entries.where(_OTHER, OutboxEntry.made_at < end, unread)
    ended = entries.join(Call, Call.id == OutboxEntry.call_id).where(Call.ended_at < end)
    return Account(
        month=f"{month:%Y-%m}",
        lines=lines,
        total=sum((line.amount for line in lines), Decimal(0)),
        closed=closed,
        unpaid=len(closed) - len(paid),
        unknown=session.scalar(unknown) or 0,
        undelivered=session.scalar(ended.where(OutboxEntry.made_at.is_(None))) or 0,
        specialists_unknown=sum(one.backend != OWN for one in paid),
    )


def is_paid(one: Closed) -> bool:
    return one.type in PAID and one.by != ""


def price(paid: Iterable[Closed], prices: Prices) -> Iterator[Line]:
    """A line a type, and one for the specialists."""
    all_of = list(paid)
    own_price = [one for one in all_of if prices.specialist_is == "besides" or not one.specialist]
    counts = {name: sum(one.type == name for one in own_price) for name in PAID}
    costs = {name: prices.by_type[name] for name in PAID} | {SPECIALIST: prices.specialist}
    counts[SPECIALIST] = sum(one.specialist for one in all_of)
    for name, number in counts.items():
        yield Line(name, number, costs[name], number * costs[name])


def lasting(changes: Sequence[TicketChange], zone: ZoneInfo) -> TicketChange | None:
    """The first closing that was not undone in its own month. `changes`: of one ticket, in order."""
    states = [one for one in changes if one.what == "state"]
    for number, one in enumerate(states):
        undone = states[number + 1].at if number + 1 < len(states) else None
        if one.new == "closed" and (undone is None or undone >= _end(one.at, zone)):
            return one
    return None


def _end(at: datetime, zone: ZoneInfo) -> datetime:
    return month_bounds(at.astimezone(zone).date(), zone)[1]


def as_of(changes: Iterable[TicketChange], what: str, now: str, at: datetime) -> str:
    """What something was at a time; `now`: what it is by the last change."""
    return next((one.old for one in changes if one.what == what and one.at >= at), now)


def _own(session: Session, begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Closed]:
    closing = TicketChange.what == "state", TicketChange.new == "closed"
    chosen = select(TicketChange.ticket).where(*closing, TicketChange.at >= begin, TicketChange.at < end).distinct()
    numbers = sorted(session.scalars(chosen))
    for first in range(0, len(numbers), AT_ONCE):
        some = numbers[first : first + AT_ONCE]
        rows = session.execute(select(Ticket.number, Ticket.type, Ticket.specialist).where(Ticket.number.in_(some)))
        now = {number: (type, specialist) for number, type, specialist in rows}
        changes = (
            select(TicketChange).where(TicketChange.ticket.in_(some)).order_by(TicketChange.ticket, TicketChange.id)
        )
        for number, group in groupby(session.scalars(changes), lambda one: one.ticket):
            history = list(group)
            found = lasting(history, zone)
            if found and begin <= found.at < end:
                type, specialist = now[number]
                then = as_of(history, "specialist", "yes" if specialist else "no", end)
                yield Closed(str(number), OWN, as_of(history, "type", type, end), found.at, found.by, then == "yes")


_OTHER: Any = OutboxEntry.backend.not_in(("", OWN))


def _elsewhere(session: Session, begin: datetime, end: datetime) -> Iterator[Closed]:
    """Another backend says how its tickets stand, and we when we read it; a closing counts when it was read."""
    read = OutboxEntry.looked_at >= begin, OutboxEntry.looked_at < end
    chosen = select(OutboxEntry, Call.operator).join(Call, Call.id == OutboxEntry.call_id)
    for entry, operator in session.execute(chosen.where(_OTHER, OutboxEntry.state == "closed", *read)):
        assert entry.looked_at
        by = f"operator {operator}" if operator else "the backend"
        yield Closed(entry.reference, entry.backend, entry.type, entry.looked_at, by, specialist=False)
