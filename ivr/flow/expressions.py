"""Expressions: CEL, compiled when a flow is loaded. Also `{NAME | form}` in prompts' texts.

CEL is specified at https://cel.dev; `common-expression-language` evaluates it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

import cel

from ivr.flow import spoken
from ivr.flow.words import Facts, State

FORMS = ("digits", "duration", "date", "time")
_VALUE = re.compile(r"\{\s*([A-Za-z_][\w.]*)\s*(?:\|\s*(\w+)\s*)?\}")


class ExpressionError(Exception):
    """An expression or a text that cannot be used; says why."""


@lru_cache(maxsize=2048)
def _compile(source: str) -> Any:
    return cel.compile(source)


def scope(state: State, facts: Facts, now: datetime) -> dict[str, Any]:
    """The names an expression sees. `now` is in the zone in which its hours and days are meant."""
    return {
        **state.variables,
        "call": {"id": facts.call_id, "language": state.language},
        "called": {"number": facts.called},
        "caller": {
            "number": facts.caller,
            "withheld": facts.withheld,
            "district": facts.district,
            "country": facts.country,
            "calls_today": facts.calls_today,
        },
        "queue": {"name": state.queue, "position": state.position, "wait": state.estimate},
        "operator": {"code": state.operator},
        "ticket": {"number": ""},
        # The library takes a fixed offset, not the name of a zone; then `now.getHours()` is the hour there.
        "now": now.replace(tzinfo=timezone(now.utcoffset() or timedelta())),
    }


def evaluate(source: str, names: Mapping[str, Any]) -> Any:
    """The expression's value. Raises ExpressionError."""
    try:
        return _compile(source).execute(dict(names))
    except KeyError as error:
        raise ExpressionError(f"'{source}': there is no {error} in it") from error
    except (ValueError, RuntimeError, TypeError) as error:
        raise ExpressionError(f"'{source}': {str(error).splitlines()[0]}") from error


def check(source: str, names: Mapping[str, Any]) -> str | None:
    """What is wrong with an expression, given names with sample values; None when nothing is."""
    try:
        program = _compile(source)
    except ValueError as error:
        return str(error).splitlines()[0]
    for name in program.variables():
        if name not in names:
            return f"'{name}' is not a name that an expression knows{nearest(name, names)}"
    for path in re.findall(r"\b(call|called|caller|queue|operator|ticket)\.(\w+)", source):
        if path[1] not in names[path[0]]:
            return f"'{path[0]}.{path[1]}' does not exist{nearest(path[1], names[path[0]])}"
    try:
        program.execute(dict(names))
    except KeyError:
        return None  # what a web service answers is known in a call only
    except (RuntimeError, TypeError) as error:
        return str(error).splitlines()[0]
    return None


def values_in(text: str) -> list[tuple[str, str]]:
    """(name, form) of each `{NAME | form}`; the form is "" when there is none."""
    return [(match[1], match[2] or "") for match in _VALUE.finditer(text)]


def fill(text: str, names: Mapping[str, Any], language: str, escape: Callable[[str], str] = lambda value: value) -> str:
    """A text with its values as they are spoken; `escape` is applied to each. Raises ExpressionError."""

    def one(match: re.Match[str]) -> str:
        try:
            return escape(spoken.render(evaluate(match[1], names), match[2] or "", language))
        except ValueError as error:
            raise ExpressionError(str(error)) from error

    return _VALUE.sub(one, text) if "{" in text else text


def nearest(wrong: str, right: Iterable[str]) -> str:
    """A hint at the name that was probably meant, or ""."""
    from difflib import get_close_matches

    match = get_close_matches(wrong, list(right), 1, 0.6)
    return f"; did you mean '{match[0]}'?" if match else ""
