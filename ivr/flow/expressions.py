"""Expressions: CEL, compiled once. Also `{NAME | form}` in prompts' texts.

CEL is specified at https://cel.dev; `common-expression-language` evaluates it. What may be written is limited, so that
no expression takes long or makes much: its length, the number of `+`, and no macro (`all`, `exists`, `map` …) within
another; what it works on and gives is limited when it is evaluated. `expression_check` says what is wrong with one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from ivr.flow import cel_library, spoken
from ivr.flow.words import Facts, State

FORMS = tuple(spoken.FORMS)
# Names that stand for something in every flow: no variable may bear one.
OBJECTS = ("call", "called", "caller", "queue", "operator", "ticket", "now")
RESERVED = frozenset(
    (*OBJECTS, "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if")
) | frozenset(("import", "let", "loop", "package", "namespace", "return", "var", "void", "while"))
MOST_LETTERS = 1_000
MOST_PLUS = 50
MOST_ITEMS = 500  # the library's `map` and `filter` take time with the square of it
MOST_RESULT = 16_384  # letters of a text, or as much JSON as that
_STRING = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_MACRO = re.compile(r"\.\s*(all|exists|exists_one|map|filter)\s*\(\s*(\w+)\s*,")
_VALUE = re.compile(r"\{\s*([A-Za-z_][\w.]*)\s*(?:\|\s*(\w+)\s*)?\}")


class ExpressionError(Exception):
    """An expression or a text that cannot be used; says why."""


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled expression. `names`: the variables and objects it uses, without those of its own macros."""

    source: str
    run: Callable[[dict[str, Any]], Any]
    names: frozenset[str]
    functions: frozenset[str]
    has_macro: bool


@lru_cache(maxsize=4096)
def compiled(source: str) -> Program:
    """Raises ExpressionError saying what is wrong with it."""
    if problem := _too_much(source):
        raise ExpressionError(problem)
    try:
        program = cel_library.compile(source)
    except ValueError as error:
        raise ExpressionError(_syntax(str(error))) from error
    own = frozenset(match[2] for match in _MACRO.finditer(source))
    functions = frozenset(name for name in program.functions() if name[0].isalpha())
    return Program(source, program.execute, frozenset(program.variables()) - own, functions, bool(own))


def _too_much(source: str) -> str:
    """Why an expression could take long or make much, or ""."""
    if len(source) > MOST_LETTERS:
        return f"an expression has at most {MOST_LETTERS:,} letters"
    bare = _STRING.sub("''", source)
    if bare.count("+") > MOST_PLUS:
        return f"an expression has at most {MOST_PLUS} '+'"
    for macro in _MACRO.finditer(bare):
        depth, at = 1, macro.end()
        while at < len(bare) and depth:
            depth += {"(": 1, ")": -1}.get(bare[at], 0)
            at += 1
        if _MACRO.search(bare, macro.end(), at):
            return f"'{macro[1]}' holds another '{macro[1]}', which could take for ever"
    return ""


def _syntax(error: str) -> str:
    """The library's message in one line: where, and what it did not expect."""
    match = re.search(r"<input>:\d+:(\d+): (?:Syntax error: )?(.*)", error)
    if match is None:
        return error.splitlines()[0]
    what = match[2].split(" expecting ")[0].replace("<EOF>", "end")
    return f"at letter {match[1]}: {what}"


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
            "ticket": facts.ticket,
            "ticket_state": facts.ticket_state,
        },
        "queue": {"name": state.queue, "position": state.position, "wait": state.estimate},
        "operator": {"code": state.operator},
        "ticket": {"number": state.ticket_number},
        # The library takes a fixed offset, not the name of a zone; then `now.getHours()` is the hour there.
        "now": now.replace(tzinfo=timezone(now.utcoffset() or timedelta())),
    }


def evaluate(source: str, names: Mapping[str, Any]) -> Any:
    """The expression's value. Raises ExpressionError."""
    program = compiled(source)
    try:
        used = {name: names[name] for name in program.names if name in names}
        if program.has_macro and any(_longest(value) > MOST_ITEMS for value in used.values()):
            raise ExpressionError(f"'{source}': a list of more than {MOST_ITEMS} is too long to go through")
        value = program.run(used)
    except KeyError as error:
        raise ExpressionError(f"'{source}': there is no {error} in it") from error
    except (ValueError, RuntimeError, TypeError, IndexError, ArithmeticError) as error:
        raise ExpressionError(f"'{source}': {str(error).splitlines()[0]}") from error
    if isinstance(value, str | bytes | list | dict) and len(value) > MOST_RESULT:
        raise ExpressionError(f"'{source}': the value is too long")
    return value


def _longest(value: Any) -> int:
    """The length of the longest list or object within a value."""
    if isinstance(value, dict):
        return max([len(value), *map(_longest, value.values())])
    return max([len(value), *map(_longest, value)]) if isinstance(value, list) else 0


def type_of(value: Any) -> str:
    """`bool`, `int`, `float`, `string`, or `any` for what is known only in a call."""
    if isinstance(value, str) and value.startswith("="):
        return "any"
    return _TYPES.get(type(value), "any")


_TYPES = {bool: "bool", int: "int", float: "float", str: "string", datetime: "time"}


def values_in(text: str) -> list[tuple[str, str]]:
    """(name, form) of each `{NAME | form}`; the form is "" when there is none."""
    return [(match[1], match[2] or "") for match in _VALUE.finditer(text)]


def without_values(text: str) -> str:
    return _VALUE.sub("", text)


def fill(text: str, names: Mapping[str, Any], language: str, escape: Callable[[str], str] = lambda value: value) -> str:
    """A text with its values as they are spoken; `escape` is applied to each. Raises ExpressionError."""

    def one(match: re.Match[str]) -> str:
        try:
            return escape(spoken.render(evaluate(match[1], names), match[2] or "", language))
        except ValueError as error:
            raise ExpressionError(str(error)) from error

    return _VALUE.sub(one, text) if "{" in text else text
