"""A YAML file with the place of everything in it.

libyaml (through PyYAML) cuts the text into events; what they mean is decided here, by the core schema of YAML 1.2:
`on`, `no` and `10:30` are text, `010` is ten, and a key is always text, as it is written. Reading never takes more than
a fixed time and memory: size, depth and the number of values (aliases written out) are limited.
"""

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any

from yaml import events
from yaml.cyaml import CParser
from yaml.error import MarkedYAMLError, YAMLError

from ivr.flow.findings import Finding, FlowErrors

MOST_BYTES = 1_000_000
MOST_VALUES = 100_000
DEEPEST = 32

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", "")),
}
_FIRST = frozenset("+-.0123456789~tTfFnN")  # what is not plain text begins with one of these
_CORE = "tag:yaml.org,2002:"
_HINTS = {
    "a tab": "indent with spaces; YAML takes no tab",
    "mapping values are not allowed": "put text that holds ': ' into quotes, or mind the indentation",
    "found character": "put text that begins with a special character into quotes",
    "expected ',' or '}'": "a comma or a closing } is missing",
    "expected ',' or ']'": "a comma or a closing ] is missing",
    "expected <block end>": "mind the indentation",
}

# Where a value lies: line * _LINE + column of its key (or of itself, in a list), with the places within, if any.
_LINE = 1 << 24
_Places = dict[str, Any] | list[Any]


class Source:
    """`data` are plain dicts and lists with text keys; `findings` what is wrong and did not hinder the reading."""

    def __init__(self, content: bytes, name: str) -> None:
        """Raises FlowErrors when it cannot be read at all."""
        self.name = name
        self.findings: list[Finding] = []
        text = self._text(content)
        try:
            self.data, self._places = _Reader(self, text).document()
        except MarkedYAMLError as error:
            problem, mark = str(error.problem or error.context), error.problem_mark
            line, column = (mark.line, mark.column) if mark else (0, 0)
            if _after(text, line, column).startswith("\t"):
                problem = "a tab stands where spaces are wanted"
            elif error.context_mark and not _after(text, line, column).strip():
                # What is never closed, or else the last thing there is, rather than the end of the file.
                line, column = error.context_mark.line, error.context_mark.column
                if not _after(text, line, column).strip():
                    line, column = _position(text, len(text.rstrip()) - 1)
            hint = next((hint for part, hint in _HINTS.items() if part in problem), "")
            raise self._fatal("yaml", problem, hint, line, column) from error
        except YAMLError as error:
            raise self._fatal("yaml", str(error).splitlines()[0]) from error

    def place(self, where: Sequence[Any]) -> tuple[int, int]:
        """(line, column) of the key or item at `where`; of the last part that exists, if not all does."""
        places: Any = self._places
        place = _LINE + 1
        for part in where:
            found = None
            if isinstance(places, dict):
                found = places.get(str(part))
            elif isinstance(places, list) and str(part).isdecimal() and int(part) < len(places):
                found = places[int(part)]
            if found is None:
                break
            place, places = found if isinstance(found, tuple) else (found, None)
        return divmod(place, _LINE)

    def finding(
        self, where: Sequence[Any], code: str, message: str, hint: str = "", severity: str = "error"
    ) -> Finding:
        return Finding(self.name, *self.place(where), severity, code, message, hint)

    def _fatal(self, code: str, message: str, hint: str = "", line: int = 0, column: int = 0) -> FlowErrors:
        return FlowErrors([*self.findings, Finding(self.name, line + 1, column + 1, "error", code, message, hint)])

    def _text(self, content: bytes) -> str:
        if len(content) > MOST_BYTES:
            raise self._fatal("too-large", f"a file holds at most {MOST_BYTES:,} bytes", "make it several flows")
        hint = "save the file as UTF-8"
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise self._fatal("encoding", "this is UTF-16 or UTF-32, not UTF-8", hint)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = content[: error.start].decode("utf-8-sig")
            message = f"byte {content[error.start]:#04x} is not UTF-8"
            raise self._fatal("encoding", message, hint, *_position(before, len(before))) from error
        if wrong := _FORBIDDEN.search(text):
            message = f"character U+{ord(wrong[0]):04X} is not allowed in YAML"
            raise self._fatal("encoding", message, "remove it", *_position(text, wrong.start()))
        return text


def _after(text: str, line: int, column: int) -> str:
    """The text from there on; lines are cut as libyaml does it."""
    lines = re.split(r"\r\n|[\r\n\x85\u2028\u2029]", text)
    return "\n".join([lines[line][column:], *lines[line + 1 :]]) if line < len(lines) else ""


def _position(text: str, index: int) -> tuple[int, int]:
    """(line, column), from 0."""
    lines = re.split(r"\r\n|\r|\n", text[:index])
    return len(lines) - 1, len(lines[-1])


class _Reader:
    """Events to data and places."""

    def __init__(self, source: Source, text: str) -> None:
        self._source, self._parser = source, CParser(text)
        self._values = 0
        self._anchors: dict[str, tuple[Any, Any, int]] = {}  # data, places, how many values it stands for

    def document(self) -> tuple[Any, Any]:
        self._parser.get_event()  # the stream's start
        event = self._parser.get_event()
        if isinstance(event, events.StreamEndEvent):
            return None, {}
        data, places = self._value(self._parser.get_event(), 0)
        self._parser.get_event()
        event = self._parser.get_event()
        if not isinstance(event, events.StreamEndEvent):
            raise self._wrong(event, "yaml", "a second document begins here", "one file holds one document")
        return data, places

    def _value(self, event: Any, depth: int) -> tuple[Any, Any]:
        self._values += 1
        if self._values > MOST_VALUES:
            self._count(event, 0)
        if type(event) is events.ScalarEvent and not event.anchor:  # nearly all
            return self._scalar(event), None
        if isinstance(event, events.AliasEvent):
            if event.anchor not in self._anchors:
                raise self._wrong(event, "yaml", f"there is no anchor '&{event.anchor}' before this", "")
            *known, size = self._anchors[event.anchor]
            self._count(event, size)
            return known[0], known[1]
        if depth > DEEPEST:
            raise self._wrong(event, "too-deep", f"values within values, more than {DEEPEST} deep", "")
        before = self._values
        data: Any
        places: Any
        if isinstance(event, events.ScalarEvent):
            data, places = self._scalar(event), None
        elif isinstance(event, events.SequenceStartEvent):
            data, places = self._list(depth)
        else:
            data, places = self._dict(depth)
        if event.anchor:
            self._anchors[event.anchor] = data, places, self._values - before
        return data, places

    def _list(self, depth: int) -> tuple[list[Any], list[Any]]:
        data, places = [], []
        while not isinstance(event := self._parser.get_event(), events.SequenceEndEvent):
            value, inner = self._value(event, depth + 1)
            place = _place(event)
            data.append(value)
            places.append(place if inner is None else (place, inner))
        return data, places

    def _dict(self, depth: int) -> tuple[dict[str, Any], dict[str, Any]]:
        data: dict[str, Any] = {}
        places: dict[str, Any] = {}
        next_event = self._parser.get_event
        while not isinstance(event := next_event(), events.MappingEndEvent):
            if type(event) is events.ScalarEvent and not event.anchor:
                key = event.value
            elif isinstance(event, events.AliasEvent) and isinstance(self._anchors.get(event.anchor, ((),))[0], str):
                key = self._anchors[event.anchor][0]
            elif isinstance(event, events.ScalarEvent):
                key = event.value
                if event.anchor:
                    self._anchors[event.anchor] = key, None, 1
            else:
                raise self._wrong(event, "yaml", "a key must be text", "put text that begins with { or [ into quotes")
            value, inner = self._value(next_event(), depth + 1)
            place = _place(event)
            if key in data:
                first = (places[key][0] if isinstance(places[key], tuple) else places[key]) // _LINE
                line, column = divmod(place, _LINE)
                message, hint = f"'{key}' is here already, in line {first}", "remove one, or give it another name"
                self._source.findings.append(
                    Finding(self._source.name, line, column, "error", "duplicate-key", message, hint)
                )
                continue
            data[key] = value
            places[key] = place if inner is None else (place, inner)
        return data, places

    def _scalar(self, event: Any) -> Any:
        text = event.value
        if event.tag and event.tag != "!" and event.tag != f"{_CORE}str":
            hint = "leave it out; put text into quotes"
            raise self._wrong(event, "yaml", f"tag '{event.tag.replace(_CORE, '!!')}' is not known here", hint)
        if not event.implicit[0]:  # quoted, or marked as text
            return text
        if text and text[0] not in _FIRST:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text):
            if len(text) < 100 and -(2**63) <= (number := int(text, 0 if text[:2] in ("0o", "0x") else 10)) < 2**63:
                return number
            hint = "put digits that are no count into quotes"
            raise self._wrong(event, "bad-value", "this number is too large", hint)
        if _FLOAT.fullmatch(text):
            if text[-1] in "0123456789." and isfinite(value := float(text)):
                return value
            raise self._wrong(event, "bad-value", f"'{text}' is no number to count with", "put text into quotes")
        return text

    def _count(self, event: Any, values: int) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            hint = "make it several flows, and use fewer aliases"
            raise self._wrong(event, "too-large", f"a file holds at most {MOST_VALUES:,} values", hint)

    def _wrong(self, event: Any, code: str, message: str, hint: str) -> FlowErrors:
        return self._source._fatal(code, message, hint, event.start_mark.line, event.start_mark.column)


def _place(event: Any) -> int:
    mark = event.start_mark
    place: int = (mark.line + 1) * _LINE + mark.column + 1
    return place
