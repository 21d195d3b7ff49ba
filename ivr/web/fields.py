"""A ticket's fields as people read them: ours in words; those of a flow's designer are as they gave them. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ivr.web.labels import Labels

ELSEWHERE = ("queue", "language", "caller")  # on the page, as the ticket has them by now


def lines(fields: Mapping[str, Any], words: Labels, local: Callable[[datetime], str]) -> list[tuple[str, str]]:
    """(name, value), of those that have a value. `local`: a time as the pages write it."""
    shown = [(name, str(value)) for name, value in fields.items() if value and name not in ELSEWHERE]
    return [(_name(name, words["field"]), _value(name, value, words, local)) for name, value in shown]


def _name(name: str, words: dict[str, Any]) -> str:
    match name.split(".", 2):
        case ["survey", survey, question]:
            return str(words["survey"]).format(survey=survey, question=question)
    return str(words.get(name, name))


def _value(name: str, value: str, words: Labels, local: Callable[[datetime], str]) -> str:
    """What does not look like ours stays as it is: a designer may have given a field of that name."""
    try:
        match name:
            case "outcome":
                return str(words["outcome"].get(value, value))
            case "started_at":
                return local(datetime.fromisoformat(value))
            case "talked":
                return f"{int(value) // 60}:{int(value) % 60:02}"
    except (ValueError, OverflowError):
        pass
    return value
