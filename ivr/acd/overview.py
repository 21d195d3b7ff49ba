"""How queues stand, for supervisors: who waits where, and who could serve them. Pure."""

import msgspec

from ivr.acd.floor import Floor
from ivr.acd.state import State, Waiting, is_personal, needs, order


class Look(msgspec.Struct):
    """What is asked of the controller that decides; it answers with an `Overview`."""


class Waits(msgspec.Struct, frozen=True):
    """`id`: of the call, of a callback's attempt, or of an operator's question to others. `needs`: what is asked of an
    operator by now. `waited`: seconds. `offered`: the operators whose phones ring for it."""

    id: str
    language: str
    needs: tuple[str, ...]
    priority: int
    waited: float
    offered: tuple[str, ...]


class QueueStands(msgspec.Struct, frozen=True):
    """`calls`: in the order in which they are served. `operators`: how many of those who serve it stand in which state.
    `answer_within`: seconds, of the service level."""

    name: str
    answer_within: float
    calls: tuple[Waits, ...]
    operators: dict[str, int]


class Overview(msgspec.Struct, frozen=True):
    """Queues by name; those of one operator alone are not told."""

    queues: tuple[QueueStands, ...]


def look(floor: Floor, now: float) -> Overview:
    """`now`: seconds, monotonic. Raises Refused."""
    floor.must_lead()
    return overview(floor.state, now)


def overview(state: State, now: float) -> Overview:
    line: dict[str, list[Waits]] = {}
    for call in sorted(state.waiting.values(), key=order):
        line.setdefault(call.queue, []).append(_waits(state, call, now))
    return Overview(
        tuple(
            QueueStands(name, queue.answer_within, tuple(line.get(name, ())), _operators(state, name))
            for name, queue in sorted(state.queues.items())
            if not is_personal(name)
        )
    )


def _waits(state: State, call: Waiting, now: float) -> Waits:
    asked, waited = needs(state, call, now), round(now - call.since, 1)
    return Waits(call.call, call.language, asked, call.priority, waited, tuple(call.offered))


def _operators(state: State, queue: str) -> dict[str, int]:
    count: dict[str, int] = {}
    for code in state.fit((queue, ())):
        presence = state.operators[code].presence
        count[presence] = count.get(presence, 0) + 1
    return count
