"""Evaluations: what reviewers found of recordings, in marks from 1 to 5, one evaluation a recording and reviewer."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.store import audit
from ivr.store.schema import Call, Evaluation, Recording, SampleItem
from recordings import samples

CRITERIA = ("correctness", "completeness", "clarity", "proactivity", "courtesy")
LONGEST = 4000  # letters of a comment
AT_ONCE = 500
Mark = Annotated[int, msgspec.Meta(ge=1, le=5)]


class Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    correctness: Mark
    completeness: Mark
    clarity: Mark
    proactivity: Mark
    courtesy: Mark


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a reviewer says of a recording."""

    marks: Marks
    comment: Annotated[str, msgspec.Meta(max_length=LONGEST)] = ""


@dataclass(frozen=True)
class Line:
    """One evaluation with what is known of the call, as it is exported. `operator`: as `lines` was told to show it."""

    recording: str
    started_at: datetime
    seconds: float
    queue: str
    language: str
    operator: str
    sample: str
    reviewer: str
    at: datetime
    correctness: int
    completeness: int
    clarity: int
    proactivity: int
    courtesy: int
    score: float
    comment: str


def score(marks: Mapping[str, int], weights: Mapping[str, float]) -> float:
    """The weighted mean, from 1 to 5."""
    whole = sum(weights[name] for name in CRITERIA)
    return sum(marks[name] * weights[name] for name in CRITERIA) / whole


def marks_of(row: Evaluation) -> dict[str, int]:
    return {name: getattr(row, name) for name in CRITERIA}


def save(session: Session, recording_id: str, reviewer: str, given: Given, weights: Mapping[str, float]) -> float:
    """Returns the score. In place of what the reviewer said before. Where the recording is in a sample, it is reviewed
    with this."""
    row = Evaluation(
        recording_id=recording_id,
        reviewer=reviewer,
        at=datetime.now(UTC),
        weights=dict(weights),
        comment=given.comment.strip(),
        **msgspec.structs.asdict(given.marks),
    )
    session.merge(row)
    audit.write(session, reviewer, "evaluate", recording_id)
    item = session.get(SampleItem, recording_id)
    if item is not None and item.state == "open":
        samples.mark(session, item.sample, recording_id, "reviewed", reviewer)
    return score(marks_of(row), weights)


def lines(
    session: Session,
    operator: Callable[[str], str],
    *,
    sample: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Line]:
    """The oldest first, of a sample or of all, made in [since, until)."""
    chosen = (
        select(Evaluation, Recording, Call, SampleItem.sample)
        .join(Recording, Recording.id == Evaluation.recording_id)
        .join(Call, Call.id == Recording.call_id)
        .outerjoin(SampleItem, SampleItem.recording_id == Evaluation.recording_id)
        .order_by(Evaluation.at, Evaluation.recording_id, Evaluation.reviewer)
    )
    if sample:
        chosen = chosen.where(SampleItem.sample == sample)
    if since:
        chosen = chosen.where(Evaluation.at >= since)
    if until:
        chosen = chosen.where(Evaluation.at < until)
    for row, recording, call, within in session.execute(chosen.execution_options(yield_per=AT_ONCE)):
        yield Line(
            recording=recording.id,
            started_at=call.started_at,
            seconds=recording.seconds,
            queue=call.queue,
            language=call.language,
            operator=operator(call.operator),
            sample=within or "",
            reviewer=row.reviewer,
            at=row.at,
            **marks_of(row),
            score=round(score(marks_of(row), row.weights), 2),
            comment=row.comment,
        )
