"""What an export holds: of each table its columns, as the schema and the data dictionary (`ivr/store/dictionary.toml`)
say, and the rows of the period. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    Select,
    String,
    Table,
    Text,
    cast,
    null,
    select,
)

from ivr.store import dictionary
from ivr.store.dictionary import Column as Meaning
from ivr.store.schema import Base, UtcTime

CALLS, WISHES, TICKETS = (Base.metadata.tables[name] for name in ("calls", "callback_requests", "tickets"))
BY_CALL = "call"
NUMBERS = 2  # columns at the end of each row that are not exported
# The schema's types → what the dictionary calls them. UtcTime first: JSON and the others have no kin among themselves.
KINDS = {
    UtcTime: "time",
    JSON: "JSON",
    Boolean: "boolean",
    Date: "date",
    Float: "number",
    Integer: "integer",
    String: "text",
}


@dataclass(frozen=True)
class Field:
    """`kind`: of KINDS. Times are UTC. `personal`: as in the dictionary."""

    name: str
    kind: str
    meaning: str
    unit: str
    personal: str


@dataclass(frozen=True)
class Plan:
    """`rows`: gives the fields in order, and then the numbers of the row's call (who called, who is to be called back),
    which are to be hidden within texts."""

    table: str
    meaning: str
    fields: Sequence[Field]
    rows: Select[*tuple[Any, ...]]


def plans(since: datetime, until: datetime) -> Iterator[Plan]:
    """Of each table that is exported: what belongs to [since, until). A call belongs to when it began, and with it all
    that is its own; what has no time is there whole."""
    for name, said in dictionary.tables().items():
        if not said.left_out:
            table = Base.metadata.tables[name]
            kept = [table.c[column] for column, meaning in said.columns.items() if not meaning.left_out]
            fields = [_field(column, said.columns[column.name]) for column in kept]
            hides = any(field.personal == "text" for field in fields)
            yield Plan(name, said.meaning, fields, _rows(table, said.by, kept, hides, since, until))


def _field(column: Column[Any], said: Meaning) -> Field:
    kind = next(kind for of, kind in KINDS.items() if isinstance(column.type, of))
    return Field(column.name, kind, said.meaning, said.unit, said.personal)


def _rows(
    table: Table, by: str, kept: Sequence[Column[Any]], hides: bool, since: datetime, until: datetime
) -> Select[*tuple[Any, ...]]:
    """`hides`: texts may have a number within, so those of the call are looked up."""
    call = table.c.id if table is CALLS else table.c.get("call_id")
    shown = [cast(column, Text) if isinstance(column.type, JSON) else column for column in kept]
    numbers = [CALLS.c.caller, WISHES.c.number] if hides else [null(), null()]
    source: Any = table
    if call is None and "ticket" in table.c:
        source, call = source.join(TICKETS, TICKETS.c.number == table.c.ticket), TICKETS.c.call_id
    if table is not CALLS and (hides or by == BY_CALL):
        source = source.join(CALLS, CALLS.c.id == call, isouter=by != BY_CALL)
    if hides:
        source = source.outerjoin(WISHES, WISHES.c.call_id == call)
    rows, key = select(*shown, *numbers).select_from(source), list(table.primary_key)
    if not by:
        return rows.order_by(*key)
    begin = [CALLS.c.started_at, CALLS.c.id] if by == BY_CALL else [table.c[by]]
    return rows.where(begin[0] >= since, begin[0] < until).order_by(*begin, *key)
