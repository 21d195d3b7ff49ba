"""Drawing a sample from the store, once: what is asked for, and how it comes to be a list.

No recording is in two samples. The day of a call does not change, nor does its quarter; so nothing is heard twice in a
quarter, whoever draws.
"""

import re
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from ivr.store import audit
from ivr.store.database import Database
from ivr.store.schema import CatalogueRow, Sample, SampleItem
from recordings.criteria import CriterionError, conditions
from recordings.pseudonyms import Naming
from recordings.samples import SampleError
from recordings.sampling import MOST_SEED, Candidate, allocate, order, pick
from recordings.strata import Stratum, nearest, read_by, shown, strata

MOST = 50_000  # recordings of a sample
TRIES = 5
_ADD = text(
    "INSERT INTO sample_items (recording_id, sample, place, stratum, state, reviewed_by)"
    " VALUES (:recording_id, :sample, :place, :stratum, 'open', '') ON CONFLICT (recording_id) DO NOTHING"
)


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`size` recordings, or a `share` of what is there; `equal`: as many of each stratum. `criteria`: those of
    `recordings.criteria`. Raises CriterionError."""

    name: str
    size: int | None = None
    share: float | None = None
    by: list[str] = []
    equal: bool = False
    seed: int = msgspec.field(default_factory=lambda: secrets.randbelow(MOST_SEED + 1))
    messages: bool = False
    criteria: dict[str, list[str]] = {}

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", self.name):
            raise CriterionError("name: up to 60 letters, digits, - and _, the first a letter or a digit")
        if (self.size is None) == (self.share is None):
            raise CriterionError("size: say how many, or which share of what is there, one of the two")
        if self.size is not None and not 1 <= self.size <= MOST:
            raise CriterionError(f"size: is a number from 1 to {MOST}")
        if self.share is not None and not 0 < self.share <= 1:
            raise CriterionError("share: is more than 0, and 1 at most; 0.05 are five of a hundred")
        if not 0 <= self.seed <= MOST_SEED:
            raise CriterionError(f"seed: is a number from 0 to {MOST_SEED}")
        read_by(self.by)

    def number(self, there: int) -> int:
        """How many to draw, of so many; half a recording is one."""
        if self.size is not None:
            return self.size
        wanted = max(1, int((self.share or 0) * there + 0.5))
        if wanted > MOST:
            raise CriterionError(f"share: makes {wanted} recordings; {MOST} at most")
        return wanted


class _Overtaken(Exception):
    """Another sample has drawn some of the same meanwhile."""


def draw(database: Database, plan: Plan, *, zone: ZoneInfo, key: str, veiled: bool, user: str) -> None:
    """Looks for as long as it takes, then writes in one short transaction; when overtaken, draws anew. `key`, `veiled`:
    see `Naming`. Raises SampleError, CriterionError."""
    for _ in range(TRIES):
        with database.read() as session:
            naming = Naming(session, key, veiled)
            row, picked = _drawn(session, plan, zone, naming, user)
        try:
            with database.transaction() as session:
                _keep(session, row, picked)
            return
        except _Overtaken:
            continue
    raise SampleError("others draw from the same recordings; try again in a moment")


def _drawn(
    session: Session, plan: Plan, zone: ZoneInfo, naming: Naming, user: str
) -> tuple[Sample, Sequence[Candidate]]:
    kinds = ("conversation", "message") if plan.messages else ("conversation",)
    wanted = [CatalogueRow.kind.in_(kinds), *conditions(plan.criteria, zone, naming.meant)]
    found = strata(session, plan.by, wanted)
    there, left_out = sum(one.there for one in found), sum(one.left_out for one in found)
    if not there and left_out:
        raise SampleError(f"all {left_out} recordings that fit are in samples already; see `ivr samples list`")
    if not there:
        raise SampleError("no recording fits; see `ivr recordings list` with the same criteria")
    drawn = allocate([one.there for one in found], plan.number(there), equal=plan.equal)
    picked = pick(nearest(session, plan.by, wanted, order(plan.seed), found, drawn), drawn)
    asked = {
        **{name: getattr(plan, name) for name in ("size", "share", "by", "equal", "messages")},
        "criteria": {name: _veiled(name, texts, naming) for name, texts in plan.criteria.items()},
    }
    told = _told(plan.by, found, Counter(one.stratum for one in picked), naming)
    at = datetime.now(UTC)
    sample = Sample(
        name=plan.name, drawn_at=at, drawn_by=user, seed=plan.seed, asked=asked, strata=told, left_out=left_out
    )
    return sample, picked


def _veiled(name: str, texts: Sequence[str], naming: Naming) -> list[str]:
    return [naming.pseudonym(text) for text in texts] if name == "operator" else list(texts)


def _told(
    by: Sequence[str], found: Sequence[Stratum], drawn: Mapping[int, int], naming: Naming
) -> list[dict[str, Any]]:
    return [
        {
            "values": [shown(name, value, naming.pseudonym) for name, value in zip(by, one.key, strict=True)],
            "there": one.there,
            "drawn": drawn.get(at, 0),
        }
        for at, one in enumerate(found)
    ]


def _keep(session: Session, sample: Sample, picked: Sequence[Candidate]) -> None:
    if session.get(Sample, sample.name):
        raise SampleError(f"there is a sample {sample.name} already; give this one another name")
    session.add(sample)
    session.flush()
    rows = [
        {"recording_id": one.id, "sample": sample.name, "place": place, "stratum": one.stratum}
        for place, one in enumerate(picked, 1)
    ]
    session.execute(_ADD, rows)
    if session.scalar(select(func.count()).where(SampleItem.sample == sample.name)) != len(rows):
        raise _Overtaken
    there = sum(one["there"] for one in sample.strata)
    audit.write(session, sample.drawn_by, "draw-sample", sample.name, f"{len(rows)} of {there}, seed {sample.seed}")
