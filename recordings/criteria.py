"""What recordings are searched and sampled by, the same on the command line and in the API.

A criterion that is given several times means any of its values; several criteria, and several survey questions, must
all hold.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, false, or_, select

from ivr.days import bounds, written
from ivr.problem import WrongUse
from ivr.store.schema import CatalogueRow, SurveyAnswer

Given = Mapping[str, Sequence[str]]
Condition = ColumnElement[bool]
KINDS = ("conversation", "message")
TYPES = ("Q", "PQ", "A", "PA", "I", "PI", "B")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_VALUES, LONGEST = 50, 200
NO_ANSWER = "none"

HELP = {
    "from": "calls from this day on, as 2027-01-31",
    "to": "and to this day, included",
    "hours": "of the day in which the call began, as 9-13 or 08:30-10:00; 22-6 goes over midnight",
    "weekday": ", ".join(WEEKDAYS),
    "queue": "the queue the call came to last",
    "language": "as it, en, de",
    "reason": "what the flow said the call was about",
    "type": f"of its ticket: {', '.join(TYPES)}",
    "operator": "code, or pseudonym as OP-7KQ2MX (reviewers: pseudonym alone)",
    "duration": "of the recording in seconds, as 60-300, 300- or -60",
    "wait": "in the queue, in seconds, in the same way",
    "survey": "question and answer, as clear:1 or clear:1-2; clear:none where nobody answered it",
    "outcome": "how the call ended, as served",
    "ticket": "the ticket's number, for complaints",
    "flow": "the flow that answered",
    "version": "the number of the flows' version",
    "kind": ", ".join(KINDS),
    "disposition": f"what the operator said the call was: {', '.join(TYPES[:-1])}",
}


class CriterionError(WrongUse):
    """A criterion that there is not, or a value that it cannot have; the message begins with its name."""


def conditions(given: Given, zone: ZoneInfo, operators: Callable[[str], Collection[str]]) -> list[Condition]:
    """`zone`: days and hours are those of the contract. `operators`: the codes that the text given for one means, or a
    ValueError that says what to write. Raises CriterionError."""
    found = []
    for name, texts in given.items():
        if name not in HELP:
            raise CriterionError(f"{name}: there is no such criterion; {', '.join(HELP)}")
        if len(texts) > MOST_VALUES:
            raise CriterionError(f"{name}: {len(texts)} values are too many; {MOST_VALUES} at most")
        try:
            for text in texts:
                if not text or len(text) > LONGEST or not text.isprintable():
                    raise ValueError("a value is empty, too long, or has characters that cannot be read")
            found.append(_condition(name, texts, zone, operators))
        except (ValueError, OverflowError) as error:
            raise CriterionError(f"{name}: {error}") from None
    if given.get("from") and given.get("to") and min(given["to"]) < max(given["from"]):
        raise CriterionError("to: is before the day given by `from`")
    return found


def _condition(
    name: str, texts: Sequence[str], zone: ZoneInfo, operators: Callable[[str], Collection[str]]
) -> Condition:
    row = CatalogueRow
    match name:
        case "from":
            return and_(*(row.started_at >= bounds(written(text), zone)[0] for text in texts))
        case "to":
            return and_(*(row.started_at < bounds(written(text), zone)[1] for text in texts))
        case "operator":
            return _any_of(row.operator, [code for text in texts for code in operators(text)])
        case "hours":
            return or_(*map(_hours, texts))
        case "weekday":
            return _any_of(row.weekday, [WEEKDAYS.index(text) + 1 for text in _of(WEEKDAYS, texts)])
        case "duration":
            return or_(*(_range(row.seconds, text) for text in texts))
        case "wait":
            return or_(*(_range(row.waited, text) for text in texts))
        case "survey":
            return and_(*map(_answered, texts))
        case "version":
            return _any_of(row.version, [_number(text) for text in texts])
        case "kind":
            return _any_of(row.kind, _of(KINDS, texts))
        case "type" | "disposition":
            return _any_of(getattr(row, name), _of(TYPES, texts))
        case _:
            return _any_of(getattr(row, name), texts)


def _any_of(column: Any, values: Sequence[Any]) -> Condition:
    if not values:
        return false()
    return column == values[0] if len(values) == 1 else column.in_(values)  # type: ignore[no-any-return]


def _of(allowed: Sequence[str], texts: Sequence[str]) -> Sequence[str]:
    for text in texts:
        if text not in allowed:
            raise ValueError(f"'{text}' is none of {', '.join(allowed)}")
    return texts


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(f"'{text}' is no whole number")
    return int(text)


def _hours(text: str) -> Condition:
    found = re.fullmatch(r"([0-9]{1,2})(?::([0-9]{2}))?-([0-9]{1,2})(?::([0-9]{2}))?", text)
    if not found:
        raise ValueError(f"'{text}' are no hours; write them as 9-13 or 08:30-10:00")
    hour, past, until, past_until = (int(part or 0) for part in found.groups())
    begin, end = hour * 60 + past, until * 60 + past_until
    if past > 59 or past_until > 59 or begin >= 24 * 60 or end > 24 * 60 or begin == end:
        raise ValueError(f"'{text}' are no hours of a day, from an earlier to a later one")
    after, before = CatalogueRow.minute >= begin, CatalogueRow.minute < end
    return and_(after, before) if begin < end else or_(after, before)


def _range(column: Any, text: str) -> Condition:
    number = r"([0-9]{1,9}(?:\.[0-9]{1,6})?)?"
    found = re.fullmatch(f"{number}-{number}", text)
    if not found or not any(found.groups()):
        raise ValueError(f"'{text}' is no range of seconds; write it as 60-300, 300- or -60")
    least, most = (float(part) if part else None for part in found.groups())
    if least is not None and most is not None and least > most:
        raise ValueError(f"'{text}' is no range: it begins after its end")
    sides = [column >= least] if least is not None else []
    return and_(*sides, *([column <= most] if most is not None else []))


def _answered(text: str) -> Condition:
    found = re.fullmatch(rf"(.+):(?:{NO_ANSWER}|([0-9]{{1,2}})(?:-([0-9]{{1,2}}))?)", text)
    if not found:
        raise ValueError(f"'{text}' is no question with an answer; write it as clear:1 or clear:1-2")
    those = select(SurveyAnswer.call_id).where(SurveyAnswer.question == found[1])
    if not found[2]:
        return CatalogueRow.call_id.not_in(those.where(SurveyAnswer.answer.is_not(None)))
    least, most = int(found[2]), int(found[3] or found[2])
    if least > most:
        raise ValueError(f"'{text}' is no range: it begins after its end")
    return CatalogueRow.call_id.in_(those.where(SurveyAnswer.answer.between(least, most)))
