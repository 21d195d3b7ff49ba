"""What a sample can be stratified by, and what the store knows of each stratum."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlalchemy import BigInteger, Integer, String, case, cast, exists, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from ivr.store.catalogue import mark
from ivr.store.schema import CatalogueRow, SampleItem, SurveyAnswer
from recordings.criteria import LONGEST, NO_ANSWER, WEEKDAYS, Condition, CriterionError
from recordings.sampling import PRIME, Candidate, Order

MOST = 1000  # strata of a sample
AT_ONCE = 20_000  # candidates
ENOUGH = 3  # times those that are to be drawn: so many are looked for, for chance may give fewer
BETWEEN = "\x1f"  # the values of a stratum: ASCII's unit separator
Key = tuple[Any, ...]  # a stratum's values as the store has them, in the order of `by`
_COLUMNS = ("queue", "language", "reason", "type", "operator", "outcome", "disposition", "flow", "kind")
# Where bands of seconds end: what is as long as the end of a band is in it, the last has none.
BANDS = {"duration": (60, 180, 300, 600, 1200), "wait": (10, 30, 60, 120, 300)}
SURVEY = "survey:"  # and the question: strata by its answers


def _band_of(column: Any, ends: Sequence[int]) -> Any:
    """Its number, from 0."""
    return case(*((column <= end, number) for number, end in enumerate(ends)), else_=len(ends))


# With an empty text after each, or SQLite would count in the order of an index, and look for each row by itself.
BY: Mapping[str, Any] = {name: getattr(CatalogueRow, name).concat("") for name in _COLUMNS} | {
    "hours": CatalogueRow.minute // 60,
    "version": CatalogueRow.version,
    "weekday": CatalogueRow.weekday,
    "duration": _band_of(CatalogueRow.seconds, BANDS["duration"]),
    "wait": _band_of(CatalogueRow.waited, BANDS["wait"]),
}
NAMES = (*BY, f"{SURVEY}QUESTION")


@dataclass(frozen=True)
class Stratum:
    """`there`: those that no sample has drawn; `left_out`: the others."""

    key: Key
    there: int
    left_out: int


def read_by(names: Sequence[str]) -> Sequence[str]:
    """Raises CriterionError."""
    for name in names:
        if name not in BY and not _question(name):
            raise CriterionError(f"by: there is no '{name}' to stratify by; {', '.join(NAMES)}")
    if len(set(names)) < len(names):
        raise CriterionError("by: names a criterion twice")
    return names


def _question(name: str) -> str:
    """Of a survey; "" of another criterion."""
    question = name.removeprefix(SURVEY) if name.startswith(SURVEY) else ""
    return question if question.isprintable() and len(question) <= LONGEST else ""


def _key(name: str) -> Any:
    """What makes a stratum, of a row of the catalogue; of a question the answer, 0 where there is none."""
    if not (question := _question(name)):
        return BY[name]
    before = mark(question)
    at = _Place(CatalogueRow.answers, before)
    return case((at > 0, cast(func.substr(CatalogueRow.answers, at + len(before), 1), Integer)), else_=0)


class _Place(FunctionElement[int]):
    """Of a text in another, from 1; 0 when it is not there."""

    type = Integer()
    inherit_cache = True


@compiles(_Place, "sqlite")
def _(element: _Place, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(_Place, "postgresql")
def _(element: _Place, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


def shown(name: str, value: Any, operator: Callable[[str], str]) -> str:
    """A stratum's value as a search by the criterion of that name takes it."""
    if question := _question(name):
        return f"{question}:{value or NO_ANSWER}"
    match name:
        case "duration" | "wait":
            ends = ("", *BANDS[name], "")
            return f"{ends[value]}-{ends[value + 1]}"
        case "hours":
            return f"{value}-{value + 1}"
        case "weekday":
            return WEEKDAYS[value - 1]
        case "operator":
            return operator(value)
        case _:
            return str(value)


def strata(session: Session, by: Sequence[str], conditions: Sequence[Condition]) -> list[Stratum]:
    """In the order of their keys. Raises CriterionError when there are too many, or nobody has answered a question."""
    for question in filter(None, map(_question, by)):
        if not session.scalar(select(exists().where(SurveyAnswer.question == question))):
            raise CriterionError(f"by: no survey has asked '{question}'")
    keys = [_key(name) for name in by]
    there = select(func.count(), *keys).select_from(CatalogueRow).where(*conditions).group_by(*keys)
    counts = {tuple(key): count for count, *key in session.execute(there.limit(MOST + 1)) if count}
    if len(counts) > MOST:
        raise CriterionError(f"by: makes more than {MOST} strata; name fewer criteria")
    drawn = there.join(SampleItem, SampleItem.recording_id == CatalogueRow.recording_id)
    before = {tuple(key): count for count, *key in session.execute(drawn)}
    return [Stratum(key, counts[key] - before.get(key, 0), before.get(key, 0)) for key in sorted(counts)]


def nearest(
    session: Session,
    by: Sequence[str],
    conditions: Sequence[Condition],
    order: Order,
    found: Sequence[Stratum],
    drawn: Sequence[int],
) -> list[Candidate]:
    """Those that come first in their stratum: as many as are to be `drawn` of it, and some more.

    The first go through the catalogue takes those before a place that some thousands come before; the next, of the
    strata that had too few there, those before a place that should do for the smallest of them.
    """
    numbers = {stratum.key: number for number, stratum in enumerate(found)}
    near: dict[int, list[Candidate]] = {number: [] for number, wanted in enumerate(drawn) if wanted}
    missing = set(near)
    before = PRIME * max(AT_ONCE, 2 * sum(drawn)) // sum(one.there for one in found)
    while missing:
        for number in missing:
            near[number] = []
        those = [found[number].key for number in missing] if len(missing) < len(found) else None
        for id, place, key in _before(session, by, conditions, order, before, those):
            if (number := numbers.get(key, -1)) in missing:
                near[number].append(Candidate(id, number, place))
        missing = {number for number in missing if len(near[number]) < drawn[number] and before < PRIME}
        share = max((drawn[number] / found[number].there for number in missing), default=0.0)
        before = min(PRIME, max(8 * before, int(ENOUGH * share * PRIME)))
    return [one for candidates in near.values() for one in candidates]


def _before(
    session: Session,
    by: Sequence[str],
    conditions: Sequence[Condition],
    order: Order,
    before: int,
    those: Sequence[Key] | None,
) -> Iterator[tuple[str, int, Key]]:
    """Of `those` strata (None: all), what comes before a place and is in no sample: id, place, key of its stratum."""
    keys = [_key(name) for name in by]
    place = (cast(CatalogueRow.lot, BigInteger) * order.factor + order.shift) % PRIME
    drawn = select(SampleItem.recording_id).where(SampleItem.recording_id == CatalogueRow.recording_id)
    chosen = select(CatalogueRow.recording_id, place, *keys)
    chosen = chosen.where(*conditions, place < before, ~drawn.exists())
    if those is not None:
        # One text a stratum, of which both stores make a hash or a tree; rows in a list would be compared one by one.
        texts = [cast(key, String) for key in keys]
        text = reduce(lambda left, right: left + BETWEEN + right, texts[1:], texts[0].concat(""))
        chosen = chosen.where(text.in_([BETWEEN.join(map(str, key)) for key in those]))
    for id, at, *key in session.execute(chosen):
        yield id, at, tuple(key)
