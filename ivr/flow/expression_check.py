"""What is wrong with an expression, before a call: it is compiled, its names looked up, and it is tried on sample
values of the types declared. What only some values bring about (a division by zero, a text that is no number, an index)
is no mistake of types and is not reported; a variable that `http` fills holds what the web service sends, so nothing is
said of expressions that use one.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec.structs import replace

from ivr.flow.expressions import FORMS, OBJECTS, ExpressionError, compiled, scope, type_of, values_in, without_values
from ivr.flow.findings import nearest
from ivr.flow.words import Facts, State

FUNCTIONS = frozenset({
    "size", "contains", "startsWith", "endsWith", "matches", "has", "type", "dyn",
    "string", "int", "uint", "double", "bytes", "timestamp", "duration",
    "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear",
    "getHours", "getMinutes", "getSeconds", "getMilliseconds",
})  # fmt: skip
SPOKEN_TYPES = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number with a fraction",
    "string": "text",
    "time": "a time",
    "any": "known only in a call",
}
_SAMPLES: dict[str, tuple[Any, Any]] = {"bool": (False, True), "int": (0, 1), "float": (0.0, 1.0), "string": ("", "1")}
_FIELD = re.compile(rf"(?<![\w.\"'])({'|'.join(OBJECTS[:-1])})\.(\w+)(?!\w|\s*\()")
_STRING = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")

# What can be spoken so; text is looked at when it is spoken.
FITTING = {
    "date": ("time", "string", "any"),
    "time": ("time", "string", "any"),
    "duration": ("int", "float", "string", "any"),
    "amount": ("int", "float", "string", "any"),
}


class Problem(NamedTuple):
    code: str
    message: str
    hint: str = ""


class Scope:
    """The names of a flow, with two sample values each. `variables`: name → first value; `dynamic`: those that hold
    what comes from outside."""

    def __init__(self, variables: Mapping[str, Any], dynamic: frozenset[str]) -> None:
        self.types = {name: "any" if name in dynamic else type_of(value) for name, value in variables.items()}
        self.samples = [
            {name: _SAMPLES[kind][turn] for name, kind in self.types.items() if kind in _SAMPLES} | _objects(turn)
            for turn in (0, 1)
        ]
        self.known = frozenset(variables) | frozenset(OBJECTS)

    @lru_cache(maxsize=1024)  # noqa: B019 - a scope lives as long as its flow is checked
    def problem(self, source: str, wants: str = "any") -> Problem | None:
        """`wants`: the type its value must have."""
        try:
            program = compiled(source)
        except ExpressionError as error:
            hint = "two values are compared with ==" if re.search(r"[^=!<>]=[^=]", _STRING.sub("''", source)) else ""
            return Problem("expression", f"'{_short(source)}' is no expression: {error}", hint)
        for name in sorted(program.names - self.known):
            return Problem("undeclared", f"variable '{name}' is not declared", self._meant(name))
        for match in _FIELD.finditer(_STRING.sub("''", source)):
            if match[2] not in (fields := self.samples[0][match[1]]):
                return Problem("expression", f"there is no '{match[1]}.{match[2]}'", nearest(match[2], fields))
        for name in sorted(program.functions - FUNCTIONS):
            return Problem("expression", f"there is no function '{name}'", nearest(name, FUNCTIONS))
        if any(self.types.get(name) == "any" for name in program.names):
            return None
        return self._tried(source, wants)

    def _tried(self, source: str, wants: str) -> Problem | None:
        program = compiled(source)
        for sample in self.samples:
            try:
                value = program.run({name: sample[name] for name in program.names})
            except TypeError:
                return Problem("type", f"'{_short(source)}' mixes types that do not go together", self._types(source))
            except RuntimeError as error:
                # The library says "undefined" of a function that is not there for these types.
                if match := re.match(r"Undefined variable or function: '(\w+)'", str(error)):
                    message = f"function '{match[1]}' does not take what it is given"
                    return Problem("type", message, self._types(source))
                continue
            except (LookupError, ArithmeticError, ValueError):
                continue  # these values, not their types
            given = type_of(value) if not isinstance(value, str) else "string"
            if wants != "any" and given != wants:
                message = f"'{_short(source)}' is {SPOKEN_TYPES[given]}, and {SPOKEN_TYPES[wants]} is wanted"
                hint = "compare it with something" if wants == "bool" else _conversion(given, wants)
                return Problem("type", message, hint)
        return None

    def text_problem(self, text: str) -> Problem | None:
        """What is wrong with the `{NAME | form}`s in a text."""
        for name, form in values_in(text):
            if problem := self.problem(name):
                return problem
            if form and form not in FORMS:
                return Problem("expression", f"'{form}' is no way to speak a value", nearest(form, FORMS) or _forms())
            kind = self._type_of_name(name)
            if kind not in FITTING.get(form, (kind,)):
                message = f"'{name}' is {SPOKEN_TYPES[kind]} and cannot be spoken as a {form}"
                return Problem("type", message)
        rest = without_values(text)
        if "{" in rest or "}" in rest:
            return Problem("expression", "a { or } stands alone", "write {NAME} or {NAME | digits}")
        return None

    def _type_of_name(self, name: str) -> str:
        value: Any = self.samples[0]
        for part in name.split("."):
            if not isinstance(value, dict) or part not in value:
                return "any"
            value = value[part]
        return "string" if isinstance(value, str) else type_of(value)

    def _meant(self, name: str) -> str:
        return nearest(name, self.known) or "add it to the flow's `variables`, with its first value"

    def _types(self, source: str) -> str:
        """Says of what type the names are that the expression uses."""
        bare = _STRING.sub("''", source)
        found = {match[0] for match in re.finditer(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?", bare)}
        names = sorted(found | {name.split(".")[0] for name in found})
        typed = [(name, self._type_of_name(name)) for name in names]
        return ", ".join(f"{name} is {SPOKEN_TYPES[kind]}" for name, kind in typed if kind != "any")


def _objects(turn: int) -> dict[str, Any]:
    """The objects of every call: of one without a number, and of one with."""
    text = ("", "1")[turn]
    state = State(
        "", "", ("it", "en")[turn], queue=text, position=turn, estimate=float(turn), operator=text, ticket_number=text
    )
    facts = Facts(text, text, text, withheld=not turn, district=text, country=text, calls_today=turn)
    facts = replace(facts, ticket=text, ticket_state=text)
    return scope(state, facts, datetime(2026, 11, 24, 10, tzinfo=UTC))


def _conversion(given: str, wants: str) -> str:
    function = {"string": "string", "int": "int", "float": "double"}.get(wants, "")
    return f"convert it: {function}(…)" if function and given in _SAMPLES else ""


def _forms() -> str:
    return f"there are {', '.join(FORMS)}"


def _short(source: str) -> str:
    return source if len(source) <= 60 else source[:59] + "…"
