"""What is known of recordings. Their sound is heard by people alone, in `/review`."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from ivr.store import schema
from ivr.store.schema import CatalogueRow
from ivr.web.v1.asker import Asker
from ivr.web.v1.operations import Operation
from ivr.web.v1.problems import Refusal
from ivr.web.v1.types import Id, Page, asked_by, criteria, means
from recordings import catalogue
from recordings.criteria import HELP, CriterionError, conditions


class Recording(Struct):
    """What is known of a recording that is kept."""

    id: Annotated[Id, means("recordings.id")]
    call: Annotated[Id, means("recordings.call_id")]
    kind: Annotated[str, means("recordings.kind")]
    day: Annotated[date, means("recordings.day")]
    started_at: Annotated[datetime, means("calls.started_at")]
    seconds: Annotated[float, means("recordings.seconds")]
    waited: Annotated[float, means("calls.waited")]
    queue: Annotated[str, means("calls.queue")]
    operator: Annotated[str, means("calls.operator")]
    language: Annotated[str, means("calls.language")]
    reason: Annotated[str, Meta(description="What the flow said the call was about")]
    type: Annotated[str, Meta(description="Of its ticket; empty while it has none")]
    disposition: Annotated[str, means("calls.disposition")]
    outcome: Annotated[str, means("calls.outcome")]
    ticket: Annotated[str, Meta(description="Its ticket's number; empty while it has none")]
    flow: Annotated[str, means("calls.flow")]
    version: Annotated[int, means("calls.version")]
    complete: Annotated[bool, means("recordings.complete")]
    anonymised: Annotated[bool, Meta(description="Whether its anonymised copy is there, to be heard in /review")]
    failed: Annotated[bool, Meta(description="Whether that copy could not be made, and nobody tries any more")]
    original: Annotated[bool, Meta(description="Whether its original is there; false when it was destroyed")]


class Recordings(Page[Recording]):
    pass


# The criteria that people search by; `call` is a program's own.
RecordingQuery = asked_by(
    "RecordingQuery", HELP, call=Annotated[Id | UnsetType, Meta(description="Of this call alone")]
)


def list_recordings(asker: Asker, query: RecordingQuery) -> Recordings:  # type: ignore[valid-type]
    """Recordings that are kept, the newest calls first. Several criteria must all hold; one that is given several times
    means any of its values."""
    asked: Any = query
    try:
        chosen = conditions(criteria(asked, HELP), asker.house.zone, asker.operators.meant)
        if asked.call is not UNSET:
            chosen.append(CatalogueRow.call_id == asked.call)
        found = catalogue.find(
            asker.session, chosen, operator=asker.operators.shown, limit=asked.limit, after=asked.after
        )
    except CriterionError as error:
        raise Refusal(400, str(error)) from None
    return Recordings([_shown(asker, one) for one in found.rows], found.next)


def get_recording(asker: Asker, id: Id) -> Recording:
    """One recording. 410: it was deleted, because its time was over."""
    page = catalogue.find(asker.session, [CatalogueRow.recording_id == id], operator=asker.operators.shown, limit=1)
    if not page.rows:
        if asker.session.get(schema.Recording, id) is not None:
            raise Refusal(410, f"recording {id} was deleted: its time was over")
        raise Refusal(404, f"there is no recording {id}")
    return _shown(asker, page.rows[0])


def _shown(asker: Asker, one: catalogue.Found) -> Recording:
    facts = asdict(one)
    return Recording(call=facts.pop("call_id"), **facts)


OPERATIONS = [
    Operation("GET", "/recordings", "recordings:read", list_recordings),
    Operation("GET", "/recordings/{id}", "recordings:read", get_recording, goes=True),
]
