"""The floor as the router sees it: queues, operators, calls that wait and calls that are had."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Presence = Literal["signed-out", "ready", "offered", "talking", "wrap-up", "paused", "unreachable"]
Strategy = Literal["longest-idle", "ring-all", "fewest-calls", "round-robin"]

# An operator whose phone has been gone for longer is not counted on; a shorter loss of the network empties no queue.
GRACE = 60.0
# The level of a skill that nobody has given one (1 to 9).
USUAL_LEVEL = 5
Kind = tuple[str, tuple[str, ...]]  # of calls: queue and needs

# Until so many conversations of a queue have been measured, nobody can know how long one lasts.
MEASURED = 5
# A conversation counts for this part of the average at least, so that the average follows the day.
LEAST_WEIGHT = 0.02


@dataclass(frozen=True)
class Queue:
    """How a queue works. Durations in seconds; `overflow` is ((after, needs), …) in order of time.

    `ageing`: a priority of 1 counts as much as having waited so long, so that a call of low priority is not overtaken
    for ever. `answer_within`: of the service level; the router does not need it, who looks at the queue does.
    """

    name: str
    strategy: Strategy = "longest-idle"
    ring: float = 20.0
    wrap_up: float = 30.0
    max_waiting: int = 200
    overflow: tuple[tuple[float, tuple[str, ...]], ...] = ()
    announce_every: float = 0.0  # 0: never
    ageing: float = 60.0
    answer_within: float = 20.0


def personal(code: str) -> Queue:
    """The queue of one operator alone: who is sent to a colleague waits in it."""
    return Queue(f"@{code}")


def is_personal(queue: str) -> bool:
    return queue.startswith("@")


@dataclass
class Operator:
    """`then`: what comes after the call and its wrap-up, when it is not `ready`: `signed-out` or a pause's reason."""

    code: str
    skills: Mapping[str, int]  # name → level; languages are skills
    queues: frozenset[str]  # {"all"} or names
    languages: tuple[str, ...] = ()  # the first is the one the operator is spoken to in
    presence: Presence = "signed-out"
    reason: str = ""  # of a pause; of `unreachable`: the pause that it began in
    phone: str = ""
    since: float = 0.0
    idle_since: float = 0.0  # not moved by an offer that is withdrawn
    taken: int = 0
    call: str = ""
    wrap_up_until: float = 0.0
    last_offer: float = 0.0
    reachable: bool = True
    then: tuple[Presence, str, str] | None = None  # presence, reason, by
    serving: "Talk | None" = None  # until the end of the wrap-up

    def at_work(self, now: float) -> bool:
        """Whether the operator takes calls, or will before long."""
        gone = self.presence == "unreachable" and now >= self.since + GRACE
        return self.presence != "signed-out" and not gone

    def serves(self, queue: str, needs: Iterable[str]) -> bool:
        mine = queue == f"@{self.code}" if is_personal(queue) else bool(self.queues & {"all", queue})
        return mine and all(self.level(need) for need in needs)

    def level(self, need: str) -> int:
        """Of the skill that is needed; 0 when it is not there, or lower than wanted."""
        name, _, least = need.partition(">=")
        level = self.skills.get(name, 0)
        return level if level >= int(least or 1) else 0


@dataclass
class Waiting:
    call: str
    queue: str
    needs: tuple[str, ...]
    priority: int
    since: float
    until: float | None
    announce_at: float
    language: str = ""
    turn: float = 0.0  # calls are served in this order
    offered: dict[str, float] = field(default_factory=dict)  # operator → when the ringing stops


@dataclass(frozen=True)
class Talk:
    operator: str
    queue: str
    since: float  # of the offer: an operator is held from then on


@dataclass
class State:
    queues: dict[str, Queue]
    operators: dict[str, Operator] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    talking: dict[str, Talk] = field(default_factory=dict)  # by call
    handling: dict[str, "Average"] = field(default_factory=dict)  # by queue: conversation and wrap-up
    leaving: dict[str, "Leaving"] = field(default_factory=dict)  # by queue
    former: set[str] = field(default_factory=set)  # queues that are gone as soon as no call is in them
    _fit: "dict[Kind, frozenset[str]]" = field(default_factory=dict)  # found once, until the operators change

    def fit(self, kind: "Kind") -> frozenset[str]:
        """The operators, wherever they stand, who could take calls of this kind."""
        if kind not in self._fit:
            self._fit[kind] = frozenset(code for code, one in self.operators.items() if one.serves(*kind))
        return self._fit[kind]

    def staff_changed(self) -> None:
        self._fit.clear()


@dataclass
class Average:
    """Of all while they are few, then a running one."""

    count: int = 0
    mean: float = 0.0

    def add(self, seconds: float) -> None:
        self.count += 1
        self.mean += (seconds - self.mean) * max(LEAST_WEIGHT, 1 / self.count)

    @property
    def known(self) -> bool:
        return self.count >= MEASURED


@dataclass
class Leaving:
    """How callers lose patience: who left, and the seconds that all have waited (of the last hundreds of calls)."""

    left: float = 0.0
    seconds: float = 0.0

    def add(self, seconds: float, *, left: bool) -> None:
        self.left = self.left * (1 - LEAST_WEIGHT / 4) + left
        self.seconds = self.seconds * (1 - LEAST_WEIGHT / 4) + seconds

    @property
    def rate(self) -> float:
        """Leavers a second of waiting."""
        return self.left / self.seconds if self.seconds else 0.0


def order(call: Waiting) -> tuple[float, float, str]:
    return (call.turn, call.since, call.call)


def needs(state: State, call: Waiting, now: float) -> tuple[str, ...]:
    """What is asked of an operator by now: overflow relaxes it with time."""
    asked = call.needs
    for after, relaxed in state.queues[call.queue].overflow:
        if now >= call.since + after:
            asked = tuple(_spoken(need, call.language) for need in relaxed)
    return asked


def _spoken(need: str, language: str) -> str:
    name, at_least, level = need.partition(">=")
    return language + at_least + level if name == "language" else need
