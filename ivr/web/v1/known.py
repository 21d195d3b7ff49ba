"""What is known of a page of calls elsewhere in the store."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.store.schema import Call, CallbackRequest, OutboxEntry


@dataclass(frozen=True)
class Made:
    """A call's ticket, in the ticketing system."""

    number: str = ""
    type: str = ""


def tickets(session: Session, calls: Collection[str]) -> Mapping[str, Made]:
    """Of each call; an empty one while there is none."""
    chosen = select(OutboxEntry.call_id, OutboxEntry.reference, OutboxEntry.type).where(OutboxEntry.call_id.in_(calls))
    found: Mapping[str, Made] = {call: Made(number, type) for call, number, type in session.execute(chosen)}
    return defaultdict(Made, found)


def numbers(session: Session, calls: Collection[str]) -> Mapping[str, set[str]]:
    """Of who made each call, and to be called back at: what is not to be seen wherever it stands."""
    found: dict[str, set[str]] = defaultdict(set)
    for column, number in ((Call.id, Call.caller), (CallbackRequest.call_id, CallbackRequest.number)):
        for call, one in session.execute(select(column, number).where(column.in_(calls))):
            found[call].add(one)
    return found
