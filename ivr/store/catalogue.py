"""The catalogue's rows, one a recording that is there. What they say is true elsewhere: of the call, in `calls`; of its
ticket, in `ticket_outbox`. `refresh` alone copies it, in the transaction that changed it there."""

import hashlib
from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import String, bindparam, cast, func, literal, literal_column, select, update
from sqlalchemy.orm import Session

from ivr.store.schema import Call, CatalogueRow, OutboxEntry, Recording, SurveyAnswer
from ivr.store.statement import Statement
from ivr.store.survey import REASON

LOTS = (1 << 31) - 1  # a prime: so each seed gives the lots another order, see recordings/sampling.py
BEFORE, AFTER = "\x1f", "\x1e"  # a question, in `answers`
_GIVEN = (
    select(SurveyAnswer.question, func.min(SurveyAnswer.answer).label("answer"))
    .where(SurveyAnswer.call_id == bindparam("call"), SurveyAnswer.answer.is_not(None))
    .group_by(SurveyAnswer.question)
    .subquery("given")
)
_EACH = literal(BEFORE) + _GIVEN.c.question + literal(AFTER) + cast(_GIVEN.c.answer, String)
_ALL = func.aggregate_strings(_EACH, literal_column("''"))  # type: ignore[arg-type]  # what a `Statement` can take
_FACTS = (
    select(
        Call.id,
        *(Call.queue, Call.language, Call.operator, Call.outcome, Call.disposition),
        *(Call.flow, Call.version, Call.waited, REASON.label("reason")),
        func.coalesce(select(_ALL).scalar_subquery(), "").label("answers"),
        func.coalesce(OutboxEntry.type, "").label("type"),
        func.coalesce(OutboxEntry.reference, "").label("ticket"),
    )
    .outerjoin(OutboxEntry, OutboxEntry.call_id == Call.id)
    .where(Call.id == bindparam("call"))
    .subquery("facts")
)
_REFRESH = Statement(
    update(CatalogueRow.__table__)  # type: ignore[arg-type]
    .values({name: column for name, column in _FACTS.c.items() if name != "id"})
    .where(CatalogueRow.__table__.c.call_id == _FACTS.c.id)
)


def enter(session: Session, recording: Recording, zone: ZoneInfo) -> None:
    """A recording that was stored just now, in the same transaction. Whoever changes the call or its ticket meanwhile
    waits (PostgreSQL), and then finds the row to refresh."""
    session.flush()
    call = select(Call.started_at).where(Call.id == recording.call_id)
    begun = session.scalars(call.with_for_update(read=True)).one()
    session.execute(
        select(OutboxEntry.call_id).where(OutboxEntry.call_id == recording.call_id).with_for_update(read=True)
    )
    session.merge(
        CatalogueRow(
            recording_id=recording.id,
            call_id=recording.call_id,
            kind=recording.kind,
            seconds=recording.seconds,
            started_at=begun,
            day=recording.day,
            minute=minute(begun, zone),
            weekday=recording.day.isoweekday(),
            lot=lot(recording.id),
        )
    )
    session.flush()
    refresh(session, [recording.call_id])


def refresh(session: Session, calls: Collection[str]) -> None:
    """What became known of these calls, or of their tickets; most have no recording, and then nothing happens."""
    if calls:
        _REFRESH.run(session, [{"call": call} for call in calls])


def mark(question: str) -> str:
    """What stands in `answers` before the answer to a question: one digit, the lowest where a call has several.
    It is not there where nobody answered."""
    return f"{BEFORE}{question}{AFTER}"


def minute(at: datetime, zone: ZoneInfo) -> int:
    """Of the day that people have, 0 to 1439."""
    local = at.astimezone(zone)
    return local.hour * 60 + local.minute


def lot(recording_id: str) -> int:
    return int.from_bytes(hashlib.sha256(recording_id.encode()).digest()[:8]) % LOTS
