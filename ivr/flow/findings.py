"""What is wrong with a designer's file, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError


@dataclass(frozen=True, order=True)
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


class FlowErrors(Exception):
    """A flows' folder that cannot be used. `findings` says why, one by one."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(str(one) for one in findings))
        self.findings = list(findings)


def of_validation(error: ValidationError) -> list[tuple[tuple[Any, ...], str, str, str]]:
    """(where, code, message, hint) for each thing pydantic has found."""
    found = []
    for one in error.errors():
        where, key = one["loc"], str(one["loc"][-1]) if one["loc"] else ""
        match one["type"]:
            case "missing":
                found.append((where[:-1], "missing-key", f"'{key}' is missing", ""))
            case "extra_forbidden":
                found.append((where, "unknown-key", f"'{key}' is not known here", ""))
            case _:
                found.append((where, "bad-value", one["msg"].removeprefix("Value error, "), ""))
    return found
