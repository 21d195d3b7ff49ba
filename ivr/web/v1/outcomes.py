"""How calls ended."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import select

from ivr.store import schema
from ivr.store.survey import REASON
from ivr.web.v1 import known
from ivr.web.v1.asker import Asker
from ivr.web.v1.operations import Operation
from ivr.web.v1.paged import following, ordered
from ivr.web.v1.types import Id, Listing, Page, Word, equal, means, within


class Outcome(Struct):
    """How a call ended."""

    call: Annotated[Id, means("calls.id")]
    ended_at: Annotated[datetime, means("calls.ended_at")]
    outcome: Annotated[str, means("calls.outcome")]
    disposition: Annotated[str, means("calls.disposition")]
    reason: Annotated[str, Meta(description="What the flow said the call was about")]
    queue: Annotated[str, means("calls.queue")]
    type: Annotated[str, Meta(description="Of its ticket; empty while it has none")]
    ticket: Annotated[str, Meta(description="Its ticket's number; empty while it has none")]


class Outcomes(Page[Outcome]):
    pass


class OutcomeQuery(Listing, kw_only=True):
    outcome: Annotated[Word | UnsetType, means("calls.outcome")] = UNSET
    queue: Annotated[Word | UnsetType, means("calls.queue")] = UNSET


def list_outcomes(asker: Asker, query: OutcomeQuery) -> Outcomes:
    """How calls ended, by when they did. A program that asks again and again asks from some minutes before the newest
    it has: what ends at once is not written at once."""
    row = schema.Call
    chosen = select(row.id, row.ended_at, row.outcome, row.disposition, row.queue, REASON.label("reason"))
    chosen = chosen.where(row.ended_at.is_not(None), *within(row.ended_at, query))
    chosen = chosen.where(*equal(query, {"outcome": row.outcome, "queue": row.queue}))
    rows = asker.session.execute(ordered(chosen, (row.ended_at, row.id), query)).all()
    items, more = following(rows, query, lambda one: (one.ended_at, one.id))
    ids = [one.id for one in items]
    made, numbers = known.tickets(asker.session, ids), known.numbers(asker.session, ids)
    shown = [
        Outcome(
            call=one.id,
            ended_at=one.ended_at,
            outcome=one.outcome,
            disposition=one.disposition,
            reason=asker.veiled(one.reason, numbers[one.id]),
            queue=one.queue,
            type=made[one.id].type,
            ticket=made[one.id].number,
        )
        for one in items
    ]
    return Outcomes(shown, more)


OPERATIONS = [Operation("GET", "/outcomes", "calls:read", list_outcomes)]
