"""A call as a trace: pure. It is made of the call's row and its journey after the call has ended, so it costs the call
nothing, and it names what happened, never what was said, keyed or dialled.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ivr.calls.journal import is_machine
from ivr.store.schema import Call, JourneyEntry


@dataclass
class Span:
    """Times in nanoseconds since 1970, as OpenTelemetry has them. `parent`: the id of a span, 0 for none."""

    id: int
    parent: int
    name: str
    start: int
    end: int
    attributes: dict[str, str | int | float] = field(default_factory=dict)
    events: list[tuple[str, int]] = field(default_factory=list)


def trace_id(call: str) -> int:
    """128 bits: a call's id is a UUID."""
    return UUID(call).int


def is_chosen(call: str, share: float) -> bool:
    """Whether it is among the `share` (of 1) of the calls; the same each time."""
    return _number(call, "share") < share * 2.0**64


def spans(call: Call, journey: Sequence[JourneyEntry]) -> list[Span]:
    """The call first, then each node of the flow from its first entry to the next node's. What people and Asterisk did
    are events of the call. `journey`: in its order; `call` has ended."""
    assert call.ended_at is not None
    root = Span(_number(call.id, "call"), 0, f"call {call.flow}", _ns(call.started_at), _ns(call.ended_at))
    root.attributes = {
        "call.id": call.id,
        "flow": call.flow,
        "flow.version": call.version,
        "controller": call.controller,
        "outcome": call.outcome,
        "language": call.language,
        "queue": call.queue,
        "waited": call.waited,
        "talked": call.talked,
    }
    found = [root]
    for entry in journey:
        at, last = min(_ns(entry.at), root.end), found[-1]
        if not is_machine(entry.kind, entry.node):
            root.events.append((entry.kind, at))
            continue
        if last is root or last.attributes["node"] != entry.node:
            if last is not root:
                last.end = at
            new = Span(_number(call.id, entry.seq), root.id, f"node {entry.node}", at, root.end)
            new.attributes["node"] = entry.node
            found.append(new)
        found[-1].events.append((entry.kind, at))
    return found


def _number(call: str, what: str | int) -> int:
    """64 bits, not 0, the same each time."""
    return int.from_bytes(hashlib.sha256(f"{call}:{what}".encode()).digest()[:8], "big") or 1


def _ns(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) * 1000
