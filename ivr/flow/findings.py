"""What is wrong with a designer's file, and where."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic import ValidationError

Where = tuple[str | int, ...]


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """Lines and columns count from 1."""

    file: str
    line: int
    column: int
    severity: str  # error, warning
    code: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        end = f"; {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity} {self.code}: {self.message}{end}"


class Found(NamedTuple):
    """A finding before its place is looked up: `where` is the way from the top of the file, or of the node."""

    where: Where
    code: str
    message: str
    hint: str = ""
    severity: str = "error"


class FlowErrors(Exception):
    """A flows' folder that cannot be used. `findings` says why, one by one."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(str(one) for one in findings))
        self.findings = list(findings)


# Comparing with every name of a large flow takes milliseconds; a file full of mistakes would take minutes.
_FEW = 200
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_."


def nearest(wrong: str, right: Collection[str]) -> str:
    """A hint at the name that was probably meant, or ""."""
    if match := nearest_name(wrong, right):
        return f"did you mean '{match}'?"
    return ""


def nearest_name(wrong: str, right: Collection[str]) -> str:
    if len(wrong) > 80:
        return ""
    if len(right) <= _FEW:
        return next(iter(get_close_matches(wrong, right, 1, 0.6)), "")
    known = right if isinstance(right, dict | set | frozenset) else frozenset(right)
    return next((near for near in _one_letter_off(wrong) if near in known), "")


def _one_letter_off(word: str) -> Iterator[str]:
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    yield from (first + last[1] + last[0] + last[2:] for first, last in cuts if len(last) > 1)
    yield from (first + last[1:] for first, last in cuts if last)
    for letter in _LETTERS:
        yield from (first + letter + last for first, last in cuts)
        yield from (first + letter + last[1:] for first, last in cuts if last)


def missing(where: Where, code: str, kind: str, name: str, known: Collection[str] | None) -> Iterable[Found]:
    """The finding that there is no such `name`; none when there is, or when what there is cannot be told."""
    if known is not None and name not in known:
        yield Found(where, code, f"there is no {kind} '{name}'", nearest(name, known))


_KINDS = {
    "string_type": ("text", "put it into quotes"),
    "int_type": ("a whole number", ""),
    "int_parsing": ("a whole number", ""),
    "int_from_float": ("a whole number", ""),
    "float_type": ("a number", ""),
    "float_parsing": ("a number", ""),
    "bool_type": ("true or false", ""),
    "bool_parsing": ("true or false", ""),
    "dict_type": ("keys with values", "write {key: value}"),
    "model_type": ("keys with values", "write {key: value}"),
    "model_attributes_type": ("keys with values", "write {key: value}"),
    "list_type": ("a list", "write [one, two]"),
    "tuple_type": ("a list", "write [one, two]"),
    "date_from_datetime_parsing": ("a date", "write 2026-12-24"),
    "date_parsing": ("a date", "write 2026-12-24"),
    "date_type": ("a date", "write 2026-12-24"),
}


def of_validation(error: ValidationError, known: Collection[str] = ()) -> list[Found]:
    """What pydantic has found. `known`: the keys there are at the top, for hints at misspelled ones."""
    found: list[Found] = []
    unions: set[tuple[Any, ...]] = set()
    errors = error.errors(include_url=False, include_context=True)
    # pydantic counts only the good items of a list.
    within = {one["loc"][:length] for one in errors for length in range(len(one["loc"]))}
    errors = [one for one in errors if one["type"] != "too_short" or one["loc"] not in within]
    unknown = [one for one in errors if one["type"] == "extra_forbidden"]
    missing_keys = {one["loc"]: str(one["loc"][-1]) for one in errors if one["type"] == "missing"}
    meant: set[tuple[Any, ...]] = set()
    for one in unknown:
        # A misspelled key is one mistake, not an unknown key and a missing one.
        here = one["loc"][:-1]
        wanted = {name: loc for loc, name in missing_keys.items() if loc[:-1] == here}
        key = str(one["loc"][-1])
        guess = nearest_name(key, wanted) or (nearest_name(key, known) if not here else "")
        meant.add(wanted.get(guess, ()))
        hint = f"did you mean '{guess}'?" if guess else ""
        found.append(Found(one["loc"], "unknown-key", f"'{key}' is not known here", hint))
    for one in errors:
        where, kind = one["loc"], one["type"]
        # Alternatives of a type are told apart by names that stand nowhere in the file.
        while where and isinstance(where[-1], str) and ("[" in where[-1] or where[-1] in _ALTERNATIVES):
            where = where[:-1]
            kind = "union"
        if kind == "extra_forbidden" or one["loc"] in meant:
            continue
        if kind == "missing":
            found.append(Found(where[:-1], "missing-key", f"'{where[-1]}' is missing", ""))
        elif where not in unions:
            unions.add(where)
            found.append(Found(where, "bad-value", *_said(one, kind)))
    return found


_ALTERNATIVES = frozenset({"bool", "int", "float", "str"})


def _said(one: Any, kind: str) -> tuple[str, str]:
    given = one["input"]
    shown = f"'{given}'" if isinstance(given, str | int | float) else "this" if given is not None else "nothing"
    shown = shown if len(shown) < 60 else "this"
    if kind in _KINDS:
        wanted, hint = _KINDS[kind]
        return f"{shown} is not {wanted}", hint
    if kind == "union":
        return f"{shown} is not a value that can stand here", "write text, a number, or true or false"
    if kind == "literal_error":
        expected = str(one["ctx"]["expected"])
        names = [part.strip("'") for part in expected.replace(" or ", ", ").split(", ")]
        return f"{shown} is none of {', '.join(name for name in names if name)}", nearest(str(given), names)
    if kind in ("greater_than_equal", "greater_than", "less_than_equal", "less_than"):
        words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
        (limit, value) = next(iter(one["ctx"].items()))
        return f"{shown} must be {words[limit]} {value}", ""
    if kind == "too_short":
        return "this must not be empty", ""
    message, _, hint = str(one["msg"]).removeprefix("Value error, ").partition("; ")
    return message, hint
