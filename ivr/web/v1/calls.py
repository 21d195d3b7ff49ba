"""Calls, their journeys, and what they were about."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import ColumnElement, Row, select

from ivr.store import calls, schema
from ivr.store.survey import REASON
from ivr.web.v1 import known
from ivr.web.v1.asker import Asker
from ivr.web.v1.operations import Operation
from ivr.web.v1.paged import following, ordered
from ivr.web.v1.problems import Refusal
from ivr.web.v1.types import Id, Listing, Page, Word, equal, means, within

ALIKE = (
    *("id", "started_at", "ended_at", "called", "flow", "version", "language", "outcome", "queue", "disposition"),
    *("waited", "talked", "callback_of"),
)
EQUAL = ("queue", "outcome", "language", "flow", "disposition")
OPERATORS = {"operator", "other", "code", "by"}  # where a journey's detail names one
Disposition = Literal["Q", "PQ", "A", "PA", "I", "PI"]


class Call(Struct):
    """A call of a citizen. Times are UTC."""

    id: Annotated[Id, means("calls.id")]
    started_at: Annotated[datetime, means("calls.started_at")]
    ended_at: Annotated[datetime | None, means("calls.ended_at")]
    called: Annotated[str, means("calls.called")]
    caller: Annotated[str, means("calls.caller")]
    flow: Annotated[str, means("calls.flow")]
    version: Annotated[int, means("calls.version")]
    language: Annotated[str, means("calls.language")]
    reason: Annotated[str, Meta(description="What the flow said it was about")]
    outcome: Annotated[str, means("calls.outcome")]
    queue: Annotated[str, means("calls.queue")]
    operator: Annotated[str, means("calls.operator")]
    disposition: Annotated[str, means("calls.disposition")]
    note: Annotated[str, means("calls.note")]
    waited: Annotated[float, means("calls.waited")]
    talked: Annotated[float, means("calls.talked")]
    callback_of: Annotated[str, means("calls.callback_of")]
    ticket: Annotated[str, Meta(description="Its ticket's number; empty while it has none")]


class Entry(Struct):
    """One thing that happened in a call."""

    seq: Annotated[int, means("journey.seq")]
    at: Annotated[datetime, means("journey.at")]
    kind: Annotated[str, means("journey.kind")]
    node: Annotated[str, means("journey.node")]
    detail: Annotated[dict[str, Any], means("journey.detail")]


class Journey(Struct):
    """All that happened in a call, in order."""

    call: Annotated[Id, means("calls.id")]
    entries: list[Entry]


class Said(Struct, forbid_unknown_fields=True):
    """What a call was about."""

    disposition: Disposition


class Calls(Page[Call]):
    pass


class CallQuery(Listing, kw_only=True):
    """Every one that is given must hold."""

    queue: Annotated[Word | UnsetType, means("calls.queue")] = UNSET
    outcome: Annotated[Word | UnsetType, means("calls.outcome")] = UNSET
    language: Annotated[Word | UnsetType, means("calls.language")] = UNSET
    flow: Annotated[Word | UnsetType, means("calls.flow")] = UNSET
    disposition: Annotated[Disposition | UnsetType, means("calls.disposition")] = UNSET
    operator: Annotated[Word | UnsetType, Meta(description="Code, or pseudonym as OP-7KQ2MX")] = UNSET
    live: Annotated[bool | UnsetType, Meta(description="true: calls that have not ended; false: those that have")] = (
        UNSET
    )


def list_calls(asker: Asker, query: CallQuery) -> Calls:
    """Calls, by when they began."""
    row = schema.Call
    chosen = select(row, REASON.label("reason")).where(*within(row.started_at, query), *_conditions(asker, query))
    rows = asker.session.execute(ordered(chosen, (row.started_at, row.id), query)).all()
    items, more = following(rows, query, lambda one: (one.Call.started_at, one.Call.id))
    return Calls(_shown(asker, items), more)


def get_call(asker: Asker, id: Id) -> Call:
    """One call."""
    return _one(asker, id)


def get_journey(asker: Asker, id: Id) -> Journey:
    """What happened in a call, in order. Without `callers:read` it only says how many digits the caller keyed."""
    call = _one(asker, id)
    numbers = known.numbers(asker.session, [id])[id]
    return Journey(call.id, [_entry(asker, row, numbers) for row in calls.journey(asker.session, id)])


def put_disposition(asker: Asker, id: Id, body: Said) -> Call:
    """Say what a call was about, that an operator has served. Its ticket is changed."""
    call = _one(asker, id, lock=True)
    asker.must_match(call)
    if not any(entry.kind == "connected" for entry in calls.journey(asker.session, id)):
        raise Refusal(409, "nobody served this call")
    calls.set_disposition(asker.session, id, body.disposition, datetime.now(UTC))
    return _one(asker, id)


def _conditions(asker: Asker, query: CallQuery) -> list[ColumnElement[bool]]:
    row = schema.Call
    found = equal(query, {name: getattr(row, name) for name in EQUAL})
    if query.operator is not UNSET:
        try:
            found.append(row.operator.in_(asker.operators.meant(query.operator)))
        except ValueError as error:
            raise Refusal(400, f"operator: {error}") from None
    if query.live is not UNSET:
        found.append(row.ended_at.is_(None) if query.live else row.ended_at.is_not(None))
    return found


def _one(asker: Asker, id: str, *, lock: bool = False) -> Call:
    chosen = select(schema.Call, REASON.label("reason")).where(schema.Call.id == id)
    if lock:
        chosen = chosen.with_for_update()
    rows = asker.session.execute(chosen.execution_options(populate_existing=True)).all()
    if not rows:
        raise Refusal(404, f"there is no call {id}")
    return _shown(asker, rows)[0]


def _shown(asker: Asker, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Call]:
    """`rows`: the call and its reason."""
    ids = [row.Call.id for row in rows]
    made, numbers, operators = known.tickets(asker.session, ids), known.numbers(asker.session, ids), asker.operators
    return [
        Call(
            **{name: getattr(row.Call, name) for name in ALIKE},
            caller=asker.veiled(row.Call.caller, numbers[row.Call.id]),
            note=asker.veiled(row.Call.note, numbers[row.Call.id]),
            reason=asker.veiled(row.reason, numbers[row.Call.id]),
            operator=operators.shown(row.Call.operator),
            ticket=made[row.Call.id].number,
        )
        for row in rows
    ]


def _entry(asker: Asker, row: schema.JourneyEntry, numbers: Collection[str]) -> Entry:
    shown = asker.operators.shown
    detail = {
        name: shown(value) if name in OPERATORS and isinstance(value, str) else value
        for name, value in asker.veiled(row.detail, numbers).items()
    }
    for name in ("to", "queue"):  # the queue of one operator alone
        if str(detail.get(name, "")).startswith("@"):
            detail[name] = f"@{shown(detail[name][1:])}"
    if "digits" in detail and not asker.sees_callers:
        del detail["digits"]
        detail["count"] = len(str(row.detail["digits"]))
    return Entry(row.seq, row.at, row.kind, shown(row.node) if row.kind == "connected" else row.node, detail)


OPERATIONS = [
    Operation("GET", "/calls", "calls:read", list_calls),
    Operation("GET", "/calls/{id}", "calls:read", get_call),
    Operation("GET", "/calls/{id}/journey", "calls:read", get_journey),
    Operation("PUT", "/calls/{id}/disposition", "calls:write", put_disposition, races=True),
]
