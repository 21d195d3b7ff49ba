"""What each table and column means: `dictionary.toml`, the one source of the exports' data dictionary and of what the
API says of its fields."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Column:
    """`unit`: "" for none. `personal`: "number" of a caller, or "text" that may have one within. `left_out`: why it is
    in no export."""

    meaning: str = ""
    unit: str = ""
    personal: str = ""
    left_out: str = ""


@dataclass(frozen=True)
class Table:
    """`by`: the column that says to which period a row belongs, `call` for when its call began, "" for all rows."""

    meaning: str = ""
    by: str = ""
    left_out: str = ""
    columns: Mapping[str, Column] = field(default_factory=dict)


@cache
def tables() -> dict[str, Table]:
    """In the order in which they are exported."""
    read = tomllib.loads((Path(__file__).parent / "dictionary.toml").read_text("utf-8"))
    return {
        name: Table(
            table.get("is", ""),
            table.get("by", ""),
            table.get("left_out", ""),
            {column: _column(said) for column, said in table.get("columns", {}).items()},
        )
        for name, table in read.items()
    }


def _column(said: str | dict[str, str]) -> Column:
    given = {"is": said} if isinstance(said, str) else said
    return Column(given.get("is", ""), given.get("unit", ""), given.get("personal", ""), given.get("left_out", ""))


def meaning(place: str) -> str:
    """Of `table.column`, with its unit. Raises KeyError."""
    table, _, column = place.partition(".")
    found = tables()[table].columns[column]
    return f"{found.meaning}, in {found.unit}" if found.unit else found.meaning
