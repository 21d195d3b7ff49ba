"""Recordings as the tests want them: calls with an end, their recordings in the catalogue."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from ivr.store import calls, catalogue
from ivr.store.schema import Recording

ROME = ZoneInfo("Europe/Rome")


def keep(
    session: Session,
    call: str,
    begun: datetime,
    *,
    kind: str = "conversation",
    seconds: float = 60.0,
    survey: dict[str, int | None] | None = None,
    **facts: Any,
) -> str:
    """One call that is over, and its recording; returns the recording's id. `begun`: Italian time if it has no zone."""
    at = begun if begun.tzinfo else begun.replace(tzinfo=ROME)
    calls.start(session, id=call, channel=call, controller="1", called="", caller="", started_at=at.astimezone(UTC))
    calls.finish(session, call, ended_at=at, ticket_due_at=at, survey={"after": survey} if survey else {}, **facts)
    return record(session, call, at, kind=kind, seconds=seconds)


def record(session: Session, call: str, at: datetime, *, kind: str = "conversation", seconds: float = 60.0) -> str:
    """The recording of a call that began at `at`; returns its id."""
    recording = Recording(
        id=f"{call}-1", call_id=call, day=at.astimezone(ROME).date(), kind=kind, file=f"{call}-1.wav", seconds=seconds,
        bytes=0, sha256="", complete=True, stored_at=datetime.now(UTC), purged_at=None, erased_at=None,
    )  # fmt: skip
    session.add(recording)
    catalogue.enter(session, recording, ROME)
    return recording.id
