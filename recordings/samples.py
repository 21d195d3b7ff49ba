"""Samples in the store: named lists of recordings to be listened to, shared, with the state of each recording."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from ivr.problem import Problem
from ivr.store import audit
from ivr.store.schema import CatalogueRow, Recording, Sample, SampleItem
from recordings import catalogue
from recordings.criteria import CriterionError
from recordings.retention import days_kept
from recordings.sampling import precision

STATES = ("open", "reviewed")
GONE = "gone"  # deleted before anybody had reviewed it


class SampleError(Problem):
    """A sample that is there already, or cannot be drawn."""


class UnknownSample(SampleError):
    """A sample that is not there, or a recording that is not in it."""


def listed(session: Session) -> list[dict[str, Any]]:
    """The newest first, each with how far it is."""
    stand: dict[str, Counter[str]] = {}
    for sample, _, state, number in _counts(session):
        stand.setdefault(sample, Counter())[state] += number
    rows = session.scalars(select(Sample).order_by(Sample.drawn_at.desc(), Sample.name))
    return [_line(row, stand.get(row.name, Counter())) for row in rows]


def show(session: Session, name: str) -> dict[str, Any]:
    """The sample with its strata, and of each what those give that were reviewed. Raises UnknownSample."""
    row = _get(session, name)
    stand, reviewed = Counter[str](), Counter[int]()
    for _, stratum, state, number in _counts(session, SampleItem.sample == name):
        stand[state] += number
        reviewed[stratum] += number if state == "reviewed" else 0
    strata = [one | _given(one, reviewed[at]) for at, one in enumerate(row.strata)]
    return _line(row, stand) | {**row.asked, "left_out": row.left_out, "strata": strata}


def _counts(session: Session, *which: ColumnElement[bool]) -> Sequence[tuple[str, int, str, int]]:
    """(sample, stratum, how they stand, how many)."""
    gone = CatalogueRow.recording_id.is_(None)
    state = case((SampleItem.state == "reviewed", "reviewed"), (gone, GONE), else_="open").label("stands")
    counts = (
        select(SampleItem.sample, SampleItem.stratum, state, func.count())
        .outerjoin(CatalogueRow, CatalogueRow.recording_id == SampleItem.recording_id)
        .where(*which)
        .group_by(SampleItem.sample, SampleItem.stratum, state)
    )
    return session.execute(counts).all()


def _given(stratum: Mapping[str, Any], reviewed: int) -> dict[str, Any]:
    """What a stratum gives, all that was drawn and what was reviewed."""
    there, now = stratum["there"], precision(reviewed, stratum["there"])
    return {
        **precision(stratum["drawn"], there),
        "reviewed": reviewed,
        **{f"reviewed_{side}": at for side, at in now.items()},
    }


def _line(row: Sample, stand: Mapping[str, int]) -> dict[str, Any]:
    """`drawn` are those that are reviewed, open and gone."""
    return {
        "name": row.name,
        "drawn_at": row.drawn_at,
        "drawn_by": row.drawn_by,
        "seed": row.seed,
        "there": sum(one["there"] for one in row.strata),
        "drawn": sum(one["drawn"] for one in row.strata),
        **{state: stand.get(state, 0) for state in (*STATES, GONE)},
    }


def items(
    session: Session, name: str, *, limit: int, after: str, operator: Callable[[str], str], zone: ZoneInfo
) -> dict[str, Any]:
    """A page of its list, in order, and `next`, what to ask the following page with. `zone`: of the days on which some
    were deleted. Raises UnknownSample, CriterionError."""
    _get(session, name)
    if after and not re.fullmatch(r"[0-9]{1,9}", after):
        raise CriterionError("after: no page gave this; begin again without it")
    chosen = (
        select(SampleItem, CatalogueRow, Recording.day, Recording.purged_at)
        .join(Recording, Recording.id == SampleItem.recording_id)
        .outerjoin(CatalogueRow, CatalogueRow.recording_id == SampleItem.recording_id)
        .where(SampleItem.sample == name, SampleItem.place > int(after or 0))
        .order_by(SampleItem.place)
    )
    rows = session.execute(chosen.limit(limit + 1)).all()
    shown = catalogue.found(session, [row for _, row, *_ in rows[:limit] if row], operator)
    by_id = {one.id: vars(one) for one in shown}
    page = [
        _item(item, by_id.get(item.recording_id)) | _deleted(day, purged, zone) for item, _, day, purged in rows[:limit]
    ]
    return {"items": page, "next": str(page[-1]["place"]) if len(rows) > limit else None}


def _item(item: SampleItem, recording: dict[str, Any] | None) -> dict[str, Any]:
    """`recording` is None when it was deleted."""
    return {
        "place": item.place,
        "id": item.recording_id,
        "stratum": item.stratum,
        "state": item.state,
        "reviewed_by": item.reviewed_by,
        "reviewed_at": item.reviewed_at,
        "recording": recording,
    }


def _deleted(day: date, purged: datetime | None, zone: ZoneInfo) -> dict[str, Any]:
    """On which day, after how many whole days; None of what is there."""
    on = purged and purged.astimezone(zone).date()
    return {"deleted_on": on, "days_kept": days_kept(day, on) if on else None}


def mark(session: Session, name: str, recording: str, state: str, user: str) -> None:
    """As reviewed, or open again. Raises SampleError, CriterionError."""
    if state not in STATES:
        raise CriterionError(f"state: '{state}' is none of {', '.join(STATES)}")
    _get(session, name)
    item = session.get(SampleItem, recording, with_for_update=True)
    if item is None or item.sample != name:
        raise UnknownSample(f"there is no recording {recording} in the sample {name}")
    if session.scalar(select(Recording.purged_at).where(Recording.id == recording)):
        raise SampleError(f"recording {recording} was deleted; nobody can review it any more")
    item.state = state
    item.reviewed_by, item.reviewed_at = (user, datetime.now(UTC)) if state == "reviewed" else ("", None)
    audit.write(session, user, f"sample-{state}", recording, name)


def _get(session: Session, name: str) -> Sample:
    row = session.get(Sample, name)
    if row is None:
        raise UnknownSample(f"there is no sample {name}; see `ivr samples list`")
    return row
