"""How the embedded tickets are found: the same criteria on the page, in the API and on the command line.

A criterion that is given several times means any of its values; several criteria must all hold.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, cast, column, not_, select, table, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from ivr.days import bounds, written
from ivr.problem import WrongUse
from ivr.store import paging
from ivr.store.schema import Ticket, Words
from ivr.store.words import asked
from ivr.tickets.desk import PRIORITIES
from ivr.tickets.outcome import Policy
from ivr.tickets.states import NEXT
from ivr.tickets.table import TYPES

Given = Mapping[str, Sequence[str]]
Condition = ColumnElement[bool]
MOST = 500  # tickets a page
MOST_VALUES, LONGEST = 50, 1000
CHOICES: dict[str, tuple[str, ...]] = {
    "state": tuple(NEXT),
    "type": TYPES,
    "priority": PRIORITIES,
    "specialist": ("yes", "no"),
    "late": ("yes",),
    "order": ("newest", "due"),
}
HELP = {
    "words": "in the subject, the notes and the comments; with a star at its end a word stands for all that begin so",
    "number": "the ticket's",
    "caller": "the number, or the pseudonym that stands for it",
    "state": ", ".join(CHOICES["state"]),
    "type": ", ".join(TYPES),
    "queue": "its queue",
    "assignee": "the user who has it; none: nobody",
    "priority": ", ".join(PRIORITIES),
    "specialist": "yes or no: whether specialists were needed",
    "from": "made on this day or later, as 2026-11-30",
    "to": "and on this day at the latest",
    "late": "yes: its time is over",
    "order": "newest first (newest), or by when their time is over, those alone that have one (due)",
}
_PLAIN = ("state", "type", "queue", "priority")
_FTS = table("ticket_words", column("rowid"), column("ticket_words"))


class SearchError(WrongUse):
    """A criterion that there is not, or a value that it cannot have; the message begins with its name."""


@dataclass(frozen=True)
class Page:
    """`next`: what to ask the following page with; "" after the last."""

    rows: Sequence[Ticket]
    next: str


def find(
    session: Session,
    given: Given,
    *,
    policy: Policy,
    zone: ZoneInfo,
    now: datetime,
    limit: int = 50,
    after: str = "",
) -> Page:
    """Who asks page after page is shown each ticket once, whatever is added meanwhile. Raises SearchError."""
    due = _one(given, "order") == "due"
    place = (Ticket.due_at, Ticket.number) if due else (Ticket.created_at, Ticket.number)
    chosen = select(Ticket).where(*conditions(session, given, policy=policy, zone=zone, now=now))
    if due:
        chosen = chosen.where(Ticket.due_at.is_not(None)).order_by(*place)
        chosen = chosen.where(tuple_(*place) > tuple_(*_place(after))) if after else chosen
    else:
        chosen = chosen.order_by(*(one.desc() for one in place))
        chosen = chosen.where(tuple_(*place) < tuple_(*_place(after))) if after else chosen
    rows = session.scalars(chosen.limit(limit + 1)).all()
    more = _token(rows[limit - 1], due) if len(rows) > limit else ""
    return Page(rows[:limit], more)


def page_size(text: str) -> int:
    """Raises SearchError."""
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= MOST:
        raise SearchError(f"limit: '{text}' is no whole number from 1 to {MOST}")
    return int(text)


def conditions(session: Session, given: Given, *, policy: Policy, zone: ZoneInfo, now: datetime) -> list[Condition]:
    """Raises SearchError."""
    found = []
    for name, texts in given.items():
        if name not in HELP:
            raise SearchError(f"{name}: there is no such criterion; {', '.join(HELP)}")
        if len(texts) > MOST_VALUES or any(not text or len(text) > LONGEST for text in texts):
            raise SearchError(f"{name}: a value is empty or has more than {LONGEST} characters, or they are too many")
        for text in texts:
            if name in CHOICES and text not in CHOICES[name]:
                raise SearchError(f"{name}: '{text}' is none of {', '.join(CHOICES[name])}")
        try:
            found += _conditions(session, name, [text.replace("\0", "") for text in texts], policy, zone, now)
        except (ValueError, OverflowError) as error:
            raise SearchError(f"{name}: {error}") from None
    return found


def _conditions(
    session: Session, name: str, texts: Sequence[str], policy: Policy, zone: ZoneInfo, now: datetime
) -> list[Condition]:
    match name:
        case "words":
            return [_has(session, text) for text in texts]
        case "number":
            return [Ticket.number.in_([_number(text) for text in texts])]
        case "caller":
            return [Ticket.caller.in_({form for text in texts for form in _forms(text, policy)})]
        case "assignee":
            return [Ticket.assignee.in_(["" if text == "none" else text for text in texts])]
        case "specialist":
            return [Ticket.specialist.in_([text == "yes" for text in texts])]
        case "from":
            return [Ticket.created_at >= bounds(written(text), zone)[0] for text in texts]
        case "to":
            return [Ticket.created_at < bounds(written(text), zone)[1] for text in texts]
        case "late":
            return [Ticket.due_at < now]
        case "order":
            return []
    field: Any = getattr(Ticket, name)
    return [field == texts[0] if len(texts) == 1 else field.in_(texts)]


def _has(session: Session, text: str) -> Condition:
    """The one place that knows how each store searches words."""
    wanted = asked(text)
    if not wanted:
        raise ValueError(f"'{text}' has no word to look for")
    if session.get_bind().dialect.name == "postgresql":
        return _has_postgresql(wanted)
    query = " AND ".join(f'"{Words.ascii(word)}"{"*" if begins else ""}' for word, begins in wanted)
    return Ticket.number.in_(select(_FTS.c.rowid).where(_FTS.c.ticket_words.op("MATCH")(query)))


def _has_postgresql(wanted: Sequence[tuple[str, bool]]) -> Condition:
    """Where a whole word is asked for, the beginnings are not looked for in the index, which would first gather every
    ticket with a word that begins so. They are asked for by two negations: no index is used for these, and yet the
    planner reckons how many tickets have such words, and so whether it is quicker to go through the newest."""
    whole = " & ".join(f"'{word}'" for word, begins in wanted if not begins)
    begun = " & ".join(f"'{word}':*" for word, begins in wanted if begins)
    if not (whole and begun):
        return _matches(whole or begun)
    return and_(_matches(whole), not_(_matches(f"!({begun})")))


def _matches(query: str) -> Condition:
    words: Any = Ticket.words
    matches: Condition = words.op("@@", is_comparison=True)(cast(query, TSQUERY))
    return matches


def _forms(text: str, policy: Policy) -> set[str]:
    """What stands in tickets for a number: written as E.164, or as at home."""
    bare = re.sub(r"[\s/.-]", "", text)
    numbers = {bare, f"+39{bare}"} if bare.isdecimal() else {bare}
    return {text, bare, *(shown for number in numbers if (shown := policy.shown(number)))}


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(f"'{text}' is no ticket's number")
    return int(text)


def _one(given: Given, name: str) -> str:
    return given[name][-1] if given.get(name) else ""


def _token(row: Ticket, due: bool) -> str:
    at = row.due_at if due else row.created_at
    assert at
    return paging.token(at, str(row.number))


def _place(token: str) -> tuple[datetime, int]:
    try:
        at, number = paging.place(token)
        return at, _number(number)
    except ValueError:
        raise SearchError("after: no page gave this; begin again without it") from None
