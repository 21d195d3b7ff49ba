"""The queue router: pure.

Rules of this file
- Everything that decides who takes which call is here. `step(state, event, now)` changes the state it is given and
  returns the actions; it knows no socket, no clock, no database. `now` is seconds, monotonic.
- A call that waits is offered to one operator at a time (`ring-all`: to all at once). An operator has one offer or
  one call at a time.
- Calls are served by priority, then by age. A call whose skills nobody free has does not hold up the next one.

Life of an operator:  signed-out → ready → ringing → talking → wrap-up → ready
                      ringing, not answered → paused → (signs in again) → ready
Life of a call:       waiting → (offered → waiting)* → connected, or out by `timeout`, `full`, `unstaffed`, or left
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Presence = Literal["signed-out", "ready", "ringing", "talking", "wrap-up", "paused"]
Strategy = Literal["longest-idle", "ring-all", "fewest-calls", "round-robin"]

# Until a queue has calls of its own to go by, a conversation is taken to last this long.
USUAL_TALK = 180.0
# How much the newest conversation weighs in the running average.
TALK_WEIGHT = 0.1


@dataclass(frozen=True)
class Queue:
    """How a queue works. Durations in seconds; `overflow` is ((after, skills), …) in order of time."""

    name: str
    strategy: Strategy = "longest-idle"
    ring: float = 20.0
    wrap_up: float = 30.0
    max_waiting: int = 200
    overflow: tuple[tuple[float, tuple[str, ...]], ...] = ()
    announce_every: float = 0.0  # 0: never


@dataclass
class Operator:
    code: str
    skills: frozenset[str]
    queues: frozenset[str]  # {"all"} or names
    languages: tuple[str, ...] = ()  # the first is the one the operator is spoken to in
    phone: str = ""  # the account they signed in from, "" for that of their ordinary phone
    presence: Presence = "signed-out"
    since: float = 0.0
    taken: int = 0
    call: str = ""
    wrap_up_until: float = 0.0
    last_offer: float = 0.0

    def serves(self, queue: str, skills: Iterable[str]) -> bool:
        return bool(self.queues & {"all", queue}) and self.skills.issuperset(skills)


@dataclass
class Waiting:
    call: str
    queue: str
    skills: tuple[str, ...]
    priority: int
    since: float
    until: float | None
    announce_at: float
    offered: dict[str, float] = field(default_factory=dict)  # operator → when the ringing stops


@dataclass
class State:
    queues: dict[str, Queue]
    operators: dict[str, Operator] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    talking: dict[str, tuple[str, str, float]] = field(default_factory=dict)  # call → operator, queue, since
    talk: dict[str, float] = field(default_factory=dict)  # queue → average conversation
    former: set[str] = field(default_factory=set)  # queues that are gone as soon as no call is in them


# Events


@dataclass(frozen=True)
class Arranged:
    """These are the queues from now on."""

    queues: tuple[Queue, ...]


@dataclass(frozen=True)
class Arrived:
    """`terms`: the queue as the call's flows have it, should it be none of those there are now."""

    call: str
    queue: str
    skills: tuple[str, ...] = ()
    priority: int = 0
    max_wait: float | None = None
    waited: float = 0.0  # when the call comes back from an operator who was lost: it keeps its place
    terms: Queue | None = None


@dataclass(frozen=True)
class Left:
    """The caller hung up, or went elsewhere."""

    call: str


@dataclass(frozen=True)
class Accepted:
    """The operator's phone was answered."""

    call: str
    operator: str


@dataclass(frozen=True)
class Missed:
    """The operator did not take the offer. `absent`: no phone of theirs is registered."""

    call: str
    operator: str
    absent: bool = False


@dataclass(frozen=True)
class Finished:
    """The operator and the caller are apart again; `operator` now wraps up."""

    call: str


@dataclass(frozen=True)
class WrappedUp:
    """The disposition is given: no need to wait for the end of the wrap-up."""

    operator: str


@dataclass(frozen=True)
class SignedIn:
    """At `phone` ("": where they were). Who has a call or an offer stays at the phone that it came to."""

    operator: str
    phone: str = ""


@dataclass(frozen=True)
class SignedOut:
    operator: str


@dataclass(frozen=True)
class Tick:
    """Time has passed."""


Event = Arranged | Arrived | Left | Accepted | Missed | Finished | WrappedUp | SignedIn | SignedOut | Tick


# Actions


@dataclass(frozen=True)
class Offer:
    call: str
    operator: str
    ring: float


@dataclass(frozen=True)
class Withdraw:
    call: str
    operator: str


@dataclass(frozen=True)
class Exit:
    call: str
    exit: Literal["timeout", "full", "unstaffed"]


@dataclass(frozen=True)
class Announce:
    """Tell the caller: place in the queue (from 1) and estimated wait in seconds."""

    call: str
    position: int
    wait: float


@dataclass(frozen=True)
class Present:
    """An operator's presence changed."""

    operator: str
    presence: Presence
    call: str


Action = Offer | Withdraw | Exit | Announce | Present


def step(state: State, event: Event, now: float) -> list[Action]:
    """Take one event; `state` is changed in place. An event about something unknown or past changes nothing."""
    actions: list[Action] = []
    match event:
        case Arranged(queues):
            state.former |= state.queues.keys()
            state.former -= {queue.name for queue in queues}
            state.queues |= {queue.name: queue for queue in queues}
        case Arrived():
            actions += _arrive(state, event, now)
        case Left(call):
            actions += _forget(state, call, now)
            actions += _finish(state, call, now)
        case Accepted(call, code):
            actions += _accept(state, call, code, now)
        case Missed(call, code, absent):
            actions += _miss(state, call, code, "signed-out" if absent else "paused", now)
        case Finished(call):
            actions += _finish(state, call, now)
        case WrappedUp(code):
            operator = state.operators.get(code)
            if operator and operator.presence == "wrap-up":
                actions += _become(operator, "ready", now)
        case SignedIn(code, phone):
            operator = state.operators.get(code)
            if operator and phone and operator.presence not in ("ringing", "talking"):
                operator.phone = phone
            if operator and operator.presence in ("signed-out", "paused", "wrap-up"):
                actions += _become(operator, "ready", now)
        case SignedOut(code):
            actions += _sign_out(state, code, now)
        case Tick():
            pass
    actions += _let_time_pass(state, now)
    actions += _match(state, now)
    for name in [name for name in state.former if not _in_use(state, name)]:
        state.former.remove(name)
        del state.queues[name]
    return actions


def next_deadline(state: State, now: float) -> float | None:
    """When `step` wants its next Tick; None when nothing waits for time."""
    times = [operator.wrap_up_until for operator in state.operators.values() if operator.presence == "wrap-up"]
    for call in state.waiting.values():
        times += call.offered.values()
        times += [call.since + after for after, _ in state.queues[call.queue].overflow if call.since + after > now]
        if call.until is not None and not call.offered:
            times.append(call.until)
        if state.queues[call.queue].announce_every:
            times.append(call.announce_at)
    return min(times, default=None)


def position(state: State, call: str) -> int:
    """Place in the queue, from 1; 0 when the call does not wait."""
    mine = state.waiting.get(call)
    if mine is None:
        return 0
    return 1 + sum(other.queue == mine.queue and _order(other) < _order(mine) for other in state.waiting.values())


def estimated_wait(state: State, call: str) -> float:
    """Seconds until it is this call's turn: place × average conversation ÷ operators at work."""
    queue = state.waiting[call].queue
    staff = sum(o.presence not in ("signed-out", "paused") and o.serves(queue, ()) for o in state.operators.values())
    return position(state, call) * state.talk.get(queue, USUAL_TALK) / max(1, staff)


def _order(call: Waiting) -> tuple[int, float, str]:
    return (-call.priority, call.since, call.call)


def _skills(state: State, call: Waiting, now: float) -> tuple[str, ...]:
    """The skills asked for by now: overflow relaxes them with time."""
    asked = call.skills
    for after, skills in state.queues[call.queue].overflow:
        if now >= call.since + after:
            asked = skills
    return asked


def _staffed(state: State, call: Waiting) -> bool:
    """Whether anybody signed in could take the call, now or once overflow has relaxed its skills."""
    wanted = [call.skills, *(skills for _, skills in state.queues[call.queue].overflow)]
    return any(
        operator.presence != "signed-out" and any(operator.serves(call.queue, skills) for skills in wanted)
        for operator in state.operators.values()
    )


def _in_use(state: State, queue: str) -> bool:
    return any(call.queue == queue for call in state.waiting.values()) or any(
        name == queue for _, name, _ in state.talking.values()
    )


def _arrive(state: State, event: Arrived, now: float) -> list[Action]:
    if event.queue not in state.queues and event.terms:
        state.queues[event.queue] = event.terms
        state.former.add(event.queue)
    queue = state.queues[event.queue]
    since = now - event.waited
    call = Waiting(
        event.call,
        event.queue,
        event.skills,
        event.priority,
        since,
        None if event.max_wait is None else since + event.max_wait,
        # The first announcement comes at once, unless an operator does.
        announce_at=now if not event.waited else now + queue.announce_every,
    )
    if event.call in state.waiting or event.call in state.talking:
        return []
    if sum(other.queue == queue.name for other in state.waiting.values()) >= queue.max_waiting:
        return [Exit(event.call, "full")]
    if not _staffed(state, call):
        return [Exit(event.call, "unstaffed")]
    state.waiting[event.call] = call
    return []


def _forget(state: State, call: str, now: float) -> list[Action]:
    """Take a call out of its queue; whoever was ringing for it is free again."""
    waiting = state.waiting.pop(call, None)
    actions: list[Action] = []
    for code in waiting.offered if waiting else ():
        actions += [Withdraw(call, code), *_become(state.operators[code], "ready", now, keep_idle=True)]
    return actions


def _accept(state: State, call: str, code: str, now: float) -> list[Action]:
    waiting = state.waiting.get(call)
    if waiting is None or code not in waiting.offered:
        return [Withdraw(call, code)]
    del waiting.offered[code]
    actions = _forget(state, call, now)
    operator = state.operators[code]
    operator.taken += 1
    state.talking[call] = (code, waiting.queue, now)
    return actions + _become(operator, "talking", now, call)


def _miss(state: State, call: str, code: str, then: Presence, now: float) -> list[Action]:
    waiting = state.waiting.get(call)
    if waiting is None or waiting.offered.pop(code, None) is None:
        return []
    return _become(state.operators[code], then, now)


def _finish(state: State, call: str, now: float) -> list[Action]:
    code, queue, since = state.talking.pop(call, ("", "", 0.0))
    if not code or code not in state.operators:
        return []
    average = state.talk.get(queue, USUAL_TALK)
    state.talk[queue] = average + (now - since - average) * TALK_WEIGHT
    operator = state.operators[code]
    if operator.presence != "talking":  # signed out or removed meanwhile
        return []
    operator.wrap_up_until = now + state.queues[queue].wrap_up
    return _become(operator, "wrap-up", now, call)


def _sign_out(state: State, code: str, now: float) -> list[Action]:
    operator = state.operators.get(code)
    if operator is None or operator.presence == "signed-out":
        return []
    actions: list[Action] = []
    for waiting in state.waiting.values():
        if waiting.offered.pop(code, None) is not None:
            actions.append(Withdraw(waiting.call, code))
    return actions + _become(operator, "signed-out", now, operator.call if operator.presence == "talking" else "")


def _become(
    operator: Operator, presence: Presence, now: float, call: str = "", *, keep_idle: bool = False
) -> list[Action]:
    operator.presence, operator.call = presence, call
    if not keep_idle:
        operator.since = now
    return [Present(operator.code, presence, call)]


def _let_time_pass(state: State, now: float) -> list[Action]:
    actions: list[Action] = []
    for operator in state.operators.values():
        if operator.presence == "wrap-up" and now >= operator.wrap_up_until:
            actions += _become(operator, "ready", now)
    for call in list(state.waiting.values()):
        for code, until in list(call.offered.items()):
            if now >= until:
                actions += [Withdraw(call.call, code), *_miss(state, call.call, code, "paused", now)]
        if not call.offered and call.until is not None and now >= call.until:
            del state.waiting[call.call]
            actions.append(Exit(call.call, "timeout"))
        elif not _staffed(state, call):
            del state.waiting[call.call]
            actions.append(Exit(call.call, "unstaffed"))
    return actions


def _match(state: State, now: float) -> list[Action]:
    """Offer waiting calls to free operators, oldest of the highest priority first; announce to the rest."""
    actions: list[Action] = []
    for call in sorted(state.waiting.values(), key=_order):
        queue = state.queues[call.queue]
        if not call.offered:
            skills = _skills(state, call, now)
            free = [o for o in state.operators.values() if o.presence == "ready" and o.serves(queue.name, skills)]
            free.sort(key=lambda operator: _turn(queue.strategy, operator))
            for operator in free if queue.strategy == "ring-all" else free[:1]:
                call.offered[operator.code] = now + queue.ring
                operator.last_offer = now
                actions += [Offer(call.call, operator.code, queue.ring)]
                # Idle time runs on while a phone rings: an offer that is withdrawn costs nobody their turn.
                actions += _become(operator, "ringing", now, call.call, keep_idle=True)
        if queue.announce_every and now >= call.announce_at:
            call.announce_at = now + queue.announce_every
            if not call.offered:
                actions.append(Announce(call.call, position(state, call.call), estimated_wait(state, call.call)))
    return actions


def _turn(strategy: Strategy, operator: Operator) -> tuple[float, float, str]:
    """Sorts operators: whose turn it is comes first."""
    first = {"fewest-calls": float(operator.taken), "round-robin": operator.last_offer}.get(strategy, operator.since)
    return (first, operator.since, operator.code)
