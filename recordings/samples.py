"""Samples in the store: named lists of recordings to be listened to, shared, with the state of each recording."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ivr.problem import Problem
from ivr.store import audit
from ivr.store.schema import CatalogueRow, Sample, SampleItem
from recordings import catalogue
from recordings.criteria import CriterionError
from recordings.sampling import precision

STATES = ("open", "reviewed")


class SampleError(Problem):
    """A sample that is there already, or cannot be drawn."""


class UnknownSample(SampleError):
    """A sample that is not there, or a recording that is not in it."""


def listed(session: Session) -> list[dict[str, Any]]:
    """The newest first, each with how far it is."""
    done = select(SampleItem.sample, SampleItem.state, func.count()).group_by(SampleItem.sample, SampleItem.state)
    states: dict[str, Counter[str]] = {}
    for sample, state, number in session.execute(done):
        states.setdefault(sample, Counter())[state] = number
    rows = session.scalars(select(Sample).order_by(Sample.drawn_at.desc(), Sample.name))
    return [_line(row, states.get(row.name, Counter())) for row in rows]


def show(session: Session, name: str) -> dict[str, Any]:
    """The sample with its strata; what was deleted since is counted as `gone`. Raises UnknownSample."""
    row = _get(session, name)
    there = CatalogueRow.recording_id.is_not(None)
    counts = (
        select(SampleItem.state, there, func.count())
        .outerjoin(CatalogueRow, CatalogueRow.recording_id == SampleItem.recording_id)
        .where(SampleItem.sample == name)
        .group_by(SampleItem.state, there)
    )
    states, gone = Counter[str](), 0
    for state, present, number in session.execute(counts):
        states[state] += number
        gone += 0 if present else number
    strata = [one | precision(one["drawn"], one["there"]) for one in row.strata]
    return _line(row, states) | {"gone": gone, **row.asked, "left_out": row.left_out, "strata": strata}


def _line(row: Sample, states: Mapping[str, int]) -> dict[str, Any]:
    return {
        "name": row.name,
        "drawn_at": row.drawn_at,
        "drawn_by": row.drawn_by,
        "seed": row.seed,
        "there": sum(one["there"] for one in row.strata),
        "drawn": sum(one["drawn"] for one in row.strata),
        **{state: states.get(state, 0) for state in STATES},
    }


def items(session: Session, name: str, *, limit: int, after: str, operator: Callable[[str], str]) -> dict[str, Any]:
    """A page of its list, in order, and `next`, what to ask the following page with. Raises UnknownSample,
    CriterionError."""
    _get(session, name)
    if after and not re.fullmatch(r"[0-9]{1,9}", after):
        raise CriterionError("after: no page gave this; begin again without it")
    chosen = (
        select(SampleItem, CatalogueRow)
        .outerjoin(CatalogueRow, CatalogueRow.recording_id == SampleItem.recording_id)
        .where(SampleItem.sample == name, SampleItem.place > int(after or 0))
        .order_by(SampleItem.place)
    )
    rows = session.execute(chosen.limit(limit + 1)).all()
    shown = catalogue.found(session, [row for _, row in rows[:limit] if row], operator)
    by_id = {one.id: vars(one) for one in shown}
    page = [_item(item, by_id.get(item.recording_id)) for item, _ in rows[:limit]]
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


def mark(session: Session, name: str, recording: str, state: str, user: str) -> None:
    """As reviewed, or open again. Raises SampleError, CriterionError."""
    if state not in STATES:
        raise CriterionError(f"state: '{state}' is none of {', '.join(STATES)}")
    _get(session, name)
    done = (
        {"reviewed_by": user, "reviewed_at": datetime.now(UTC)}
        if state == "reviewed"
        else {"reviewed_by": "", "reviewed_at": None}
    )
    mine = (SampleItem.sample == name, SampleItem.recording_id == recording)
    changed = session.execute(update(SampleItem).where(*mine).values(state=state, **done))
    if not changed.rowcount:  # type: ignore[attr-defined]
        raise UnknownSample(f"there is no recording {recording} in the sample {name}")
    audit.write(session, user, f"sample-{state}", recording, name)


def _get(session: Session, name: str) -> Sample:
    row = session.get(Sample, name)
    if row is None:
        raise UnknownSample(f"there is no sample {name}; see `ivr samples list`")
    return row
