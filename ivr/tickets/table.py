"""The table that says which ticket a call makes; pure. It stands in the settings, `[[tickets.table]]` once a row:

    [[tickets.table]]
    when = {outcome = "abandoned", place = ["queue", "ringing"]}
    type = "Q"
    subject = "Left the queue {queue}: {reason}"
    priority = "low"

The first row whose `when` fits decides. The last has none, so every call has its row.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

TicketType = Literal["Q", "PQ", "A", "PA", "I", "PI", "B"]
Outcome = Literal["self-served", "served", "abandoned", "callback", "voicemail", "closed", "failed"]
Place = Literal["flow", "queue", "ringing"]
"""Where a caller was who gave up: in the flow, waiting in a queue, or while an operator's phone rang."""
Priority = Literal["low", "normal", "high"]
State = Literal["new", "open", "waiting", "resolved", "closed"]
TYPES: tuple[str, ...] = get_args(TicketType)
GIVEN, NONE = "given", "none"  # any value at all; no value
# What a row may put into its subject and fields, as `{queue}`.
NAMES = frozenset(
    ("outcome", "place", "flow", "said", "disposition", "reason", "subject", "queue", "language", "caller", "call")
)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def _several(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


_Words = Annotated[tuple[str, ...], BeforeValidator(_several)]
_Types = Annotated[tuple[TicketType | Literal["given", "none"], ...], BeforeValidator(_several)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class When(_Strict):
    """Each that is written must hold: the call has one of its values. `given`: it has any; `none`: it has none."""

    outcome: Annotated[tuple[Outcome, ...], BeforeValidator(_several)] = ()
    place: Annotated[tuple[Place, ...], BeforeValidator(_several)] = ()
    said: _Types = ()
    """The type that the flow's `ticket` node gave."""
    disposition: _Types = ()
    """The type that the operator gave."""
    reason: _Words = ()
    """What the flow said the call was about: the field `reason`, or else the subject, of its `ticket` node."""
    queue: _Words = ()
    language: _Words = ()
    flow: _Words = ()


class Row(_Strict):
    """What the ticket is; what is left empty is the call's own."""

    when: When = When()
    type: TicketType | Literal["said", "disposition"]
    subject: str = ""
    queue: str = ""
    language: str = ""
    priority: Priority = "normal"
    state: State = "new"
    fields: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$")], str] = {}


@dataclass(frozen=True)
class Facts:
    """What the table knows of a call; "" is none."""

    outcome: str
    place: str = ""
    flow: str = ""
    said: str = ""
    disposition: str = ""
    reason: str = ""
    queue: str = ""
    language: str = ""


def _row(type: TicketType | Literal["said", "disposition"], state: State = "new", **when: Any) -> Row:
    return Row(when=When.model_validate(when), type=type, state=state)


# Whoever spoke with the citizen knows best, then the flow. Where the automatic system did all, nothing is left to do.
DEFAULT: tuple[Row, ...] = (
    _row("disposition", disposition=GIVEN),
    _row("B", "closed", outcome="self-served", said="B"),
    _row("said", said=GIVEN),
    _row("Q", outcome=["served", "abandoned", "callback"]),
    _row("B", "closed", outcome=["self-served", "closed"]),
    _row("B"),
)


def deciding(facts: Facts, table: Sequence[Row]) -> int:
    """The index of the row that decides. Raises ValueError where none does, which `check` does not let pass."""
    for number, row in enumerate(table):
        if all(_holds(getattr(facts, name), values) for name, values in _conditions(row).items()):
            return number
    raise ValueError("no row of the table fits")


def type_of(facts: Facts, row: Row) -> str:
    """The type that a row gives a call."""
    return {"disposition": facts.disposition, "said": facts.said}.get(row.type, row.type)


def _conditions(row: Row) -> dict[str, tuple[str, ...]]:
    return {name: values for name in When.model_fields if (values := getattr(row.when, name))}


def _holds(value: str, wanted: Sequence[str]) -> bool:
    return value in wanted or (GIVEN in wanted and value != "") or (NONE in wanted and value == "")


def filled(text: str, values: Mapping[str, str]) -> str:
    """`{name}` becomes its value; braces that the value brings stay as they are."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def check(table: Sequence[Row]) -> None:
    """Raises ValueError that names the row (from 1): one that never decides, or that cannot do what it says."""
    if not table:
        raise ValueError("table: has no row; the last one, without `when`, is for every other call")
    for number, row in enumerate(table, 1):
        try:
            _check(row)
            for former, other in enumerate(table[: number - 1], 1):
                if _covers(other, row):
                    raise ValueError(f"never decides: row {former} comes first and fits whatever it fits")
        except ValueError as error:
            raise ValueError(f"table, row {number}: {error}") from None
    if _conditions(table[-1]):
        raise ValueError(f"table, row {len(table)}: the last row must have no `when`, so that every call has its row")


def _check(row: Row) -> None:
    if row.type in ("said", "disposition"):
        wanted = getattr(row.when, row.type)
        if not wanted or NONE in wanted:
            raise ValueError(f'type = "{row.type}" needs when.{row.type} = "given", or types')
    if row.when.place and row.when.outcome != ("abandoned",):
        raise ValueError('when.place is where a caller gave up: it needs when.outcome = "abandoned"')
    for where, text in (("subject", row.subject), *((f"fields.{name}", text) for name, text in row.fields.items())):
        for name in _PLACEHOLDER.findall(text):
            if name not in NAMES:
                raise ValueError(f"{where}: there is no {{{name}}}; there are {', '.join(sorted(NAMES))}")
        if set("{}") & set(_PLACEHOLDER.sub("", text)):
            raise ValueError(f"{where}: a brace stands alone; write a value as {{queue}}")


def _covers(first: Row, second: Row) -> bool:
    """Whatever the second fits, the first fits."""
    narrow = _conditions(second)
    return all(name in narrow and _takes_all(values, narrow[name]) for name, values in _conditions(first).items())


def _takes_all(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    return all(value in wide or (GIVEN in wide and value != NONE) for value in narrow)
