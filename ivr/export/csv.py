"""CSV as RFC 4180 has it, in UTF-8. Texts stand in quotes, always, so that an empty text is told from nothing at all;
times are ISO 8601 in UTC. Nothing is altered for spreadsheets: import it there as text."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from ivr.export.output import Output
from ivr.export.plan import Plan

SUFFIX = ".csv"


def write(plan: Plan, portions: Iterable[Sequence[Sequence[Any]]], output: Output) -> None:
    """Raises what the portions raise, and OSError."""
    output.write(line([one.name for one in plan.fields]))
    for rows in portions:
        output.write(b"".join(map(line, rows)))
        output.check()


def line(cells: Sequence[Any]) -> bytes:
    return (",".join(map(_cell, cells)) + "\r\n").encode("utf-8", "replace")


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return '"' + value.replace('"', '""') + '"'
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
    return str(value)
