"""Durations as designers write them: `500ms`, `5s`, `10m`, `1h`; seconds in code."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

_WRITTEN = r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse(text: object) -> float:
    """Seconds. Raises ValueError saying how a duration is written."""
    if isinstance(text, float):
        return text  # already parsed: a default of ours
    match = re.fullmatch(_WRITTEN, str(text))
    if match is None:
        raise ValueError(f"'{text}' is no duration; write 500ms, 5s, 10m or 1h")
    return float(match[1]) * _UNITS[match[2]]


def write(seconds: float) -> str:
    """The shortest way to write it: 90.0 is `90s`, 600.0 is `10m`."""
    for unit in ("h", "m", "s"):
        if seconds and (seconds / _UNITS[unit]).is_integer():
            return f"{seconds / _UNITS[unit]:.0f}{unit}"
    return f"{seconds * 1000:g}ms" if seconds else "0s"


_Text = Annotated[str, Field(pattern=f"^{_WRITTEN}$", description="500ms, 5s, 10m or 1h")]
Duration = Annotated[
    float,
    BeforeValidator(parse, json_schema_input_type=_Text),
    PlainSerializer(write, return_type=str, when_used="json"),
]
