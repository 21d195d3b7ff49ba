"""Who leads, and what a lead is told: pure.

One controller at a time, the lead, decides for all which operator takes which call. It holds a lease in the store, of
which the epoch grows with each holder; what a lead of an older epoch says is refused. While the store is away the lead
goes on; of one that is dead another takes the lease over as it stands (`inherits`).

Each controller keeps an account of its own calls. Whoever becomes lead hears all accounts before it decides anything:
who waits and for how long, whose phone rings for whom, who talks with whom. So callers keep their place, and nobody
is offered twice.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from ivr.acd import router
from ivr.acd import words as w
from ivr.acd.state import Operator, Presence, State, Talk

SAME_CLOCK = 10.0  # two clocks that are apart by less are one, and the difference is the way

Move = Literal["take", "renew", "follow", "wait"]


@dataclass(frozen=True)
class Lease:
    """`left`: seconds for which it still holds."""

    holder: str
    address: str
    epoch: int
    left: float


def move(me: str, epoch: int, lease: Lease, *, hears: bool, gone: int = 0) -> Move:
    """What a controller does about the lease. `epoch`: of the lease it has taken, 0 for none. `hears`: whether it is
    joined to a lead that answers. `gone`: an epoch whose lead is known to have ended (nobody is at its address)."""
    if epoch and lease.epoch == epoch:
        return "renew"  # even when it is over: nobody has taken it
    if hears:
        return "follow" if lease.left > 0 else "wait"
    if lease.left <= 0 or lease.epoch == gone or lease.holder == me:  # me: in a former life
        return "take"
    return "follow"


def inherits(seen: int, left: Lease | None) -> bool:
    """While the store is away: whether we go on with the lease that a lead has `left`, who is dead, says the `baton`.
    `seen`: the highest epoch that we have heard of. The epoch stays: when the store is back the lease is renewed in it,
    unless somebody has taken it there."""
    return left is not None and left.epoch >= seen


# The account of one controller, as it travels. Times are seconds before or after now: clocks need not agree.


class Waits(msgspec.Struct):
    """`offered`: operator → seconds for which the phone will still ring. `front`: it was moved there."""

    arrived: w.Arrived
    waited: float
    offered: dict[str, float]
    front: bool = False


class Talks(msgspec.Struct):
    """`since`: seconds since the offer."""

    call: str
    operator: str
    queue: str
    since: float


class Account(msgspec.Struct):
    """`at`: the clock of who gives it. On one machine it is everybody's, and then the way here costs nobody a place."""

    at: float
    waiting: list[Waits]
    talking: list[Talks]


@dataclass
class Mine:
    arrived: w.Arrived
    since: float
    offered: dict[str, float] = field(default_factory=dict)
    offered_at: float = 0.0
    front: bool = False


@dataclass
class Calls:
    """The calls of one controller, as it knows them itself."""

    waiting: dict[str, Mine] = field(default_factory=dict)
    talking: dict[str, tuple[str, Mine]] = field(default_factory=dict)  # by call: operator, and how it waited

    def note(self, event: w.Event, now: float) -> bool:
        """What a call says. False when it is too late: the operator answers what is no longer offered to them."""
        match event:
            case w.Arrived(call):
                self.waiting.setdefault(call, Mine(event, now - event.waited))
            case w.Left(call):
                self.waiting.pop(call, None)
                self.talking.pop(call, None)
            case w.Moved(call, queue, front) if call in self.waiting:
                mine = self.waiting[call]
                mine.front = front or (mine.front and not queue)
                if queue:
                    terms = replace(mine.arrived.terms, name=queue) if mine.arrived.terms else None
                    mine.arrived = replace(mine.arrived, queue=queue, terms=terms)
            case w.Accepted(call, code):
                if call not in self.waiting or code not in self.waiting[call].offered:
                    return False
                self.talking[call] = (code, self.waiting.pop(call))
            case w.Missed(call, code) if call in self.waiting:
                self.waiting[call].offered.pop(code, None)
            case w.Missed(call, code) if call in self.talking and self.talking[call][0] == code:
                del self.talking[call]
            case w.Finished(call):
                self.talking.pop(call, None)
        return True

    def told(self, action: w.Action, now: float) -> bool:
        """What the lead says of a call. False when it no longer concerns it."""
        match action:
            case w.Offer(call, code, ring=ring):
                if call not in self.waiting:
                    return False
                self.waiting[call].offered[code] = now + ring
                self.waiting[call].offered_at = now
            case w.Withdraw(call, code):
                if call in self.waiting:
                    self.waiting[call].offered.pop(code, None)
                elif call in self.talking and self.talking[call][0] == code:  # answered as the ringing ended
                    _, self.waiting[call] = self.talking.pop(call)
                    self.waiting[call].offered.clear()
            case w.Exit(call):
                return self.waiting.pop(call, None) is not None
        return True

    def inherit(self, arrived: w.Arrived, operator: str, since: float, now: float) -> None:
        """A call of a controller that is gone: it waits, or talks with `operator`, to whom it was offered then."""
        mine = Mine(arrived, now - arrived.waited, offered_at=since)
        if operator:
            self.talking[arrived.call] = (operator, mine)
        else:
            self.waiting[arrived.call] = mine

    def forget(self, call: str) -> None:
        self.waiting.pop(call, None)
        self.talking.pop(call, None)

    def account(self, now: float) -> Account:
        return Account(
            now,
            [
                Waits(
                    one.arrived, now - one.since, {code: until - now for code, until in one.offered.items()}, one.front
                )
                for one in self.waiting.values()
            ],
            [Talks(call, code, one.arrived.queue, now - one.offered_at) for call, (code, one) in self.talking.items()],
        )


def happened_at(told: float, now: float) -> float:
    """By our clock, what another controller's clock says; it is now, when the clocks are not one."""
    return told if 0 <= now - told < SAME_CLOCK else now


def over(state: State, known: Iterable[str], account: Account) -> list[w.Left]:
    """Of the calls that were known of a controller, those that its account no longer has, or has otherwise."""
    there, talking = waiting_or_talking(account), {one.call for one in account.talking}
    return [w.Left(call) for call in known if call not in there or (call in state.talking and call not in talking)]


def adopt(state: State, account: Account, now: float) -> list[w.Action]:
    """Make `state` say of a controller's calls what its account says. An offer to somebody who has another one, or a
    call, is withdrawn."""
    actions: list[w.Action] = []
    at = happened_at(account.at, now)
    for talks in account.talking:
        was = state.waiting.pop(talks.call, None)
        actions += [w.Withdraw(talks.call, code) for code in (was.offered if was else ()) if code != talks.operator]
        talk = Talk(talks.operator, talks.queue, at - talks.since)
        state.talking[talks.call] = talk
        if operator := state.operators.get(talks.operator):
            operator.serving = talk
            actions += _stand(operator, "talking", talks.call, now)
    for waits in account.waiting:
        call = waits.arrived.call
        waiting = state.waiting.get(call)
        if waiting is None:
            waiting = router.enter(state, replace(waits.arrived, waited=now - at + waits.waited), now)
            if waits.front:
                router.to_front(state, waiting)
        waiting.offered = {}
        for code, left in waits.offered.items():
            operator = state.operators.get(code)
            if operator and (operator.presence == "ready" or operator.call == call):
                waiting.offered[code] = at + left
                actions += _stand(operator, "offered", call, now)
            else:
                actions.append(w.Withdraw(call, code))
    return [*actions, *free(state, waiting_or_talking(account), now)]


def waiting_or_talking(account: Account) -> set[str]:
    return {one.arrived.call for one in account.waiting} | {one.call for one in account.talking}


def free(state: State, calls: Collection[str], now: float) -> list[w.Action]:
    """Operators who stand as offered, or talking in, one of these calls, which does not say so, are free again."""
    actions: list[w.Action] = []
    for operator in state.operators.values():
        if operator.presence in ("offered", "talking") and operator.call in calls:
            waits, talk = state.waiting.get(operator.call), state.talking.get(operator.call)
            if not (waits and operator.code in waits.offered) and not (talk and operator.code == talk.operator):
                actions += router.release(state, operator, now)
    return actions


def _stand(operator: Operator, presence: Presence, call: str, now: float) -> list[w.Action]:
    if (operator.presence, operator.call) == (presence, call):
        return []
    operator.presence, operator.call, operator.since = presence, call, now
    return [w.Present(operator.code, presence, "", call, operator.phone)]


# How an operator stands, for those who follow: whoever becomes lead goes on from there.


class Standing(msgspec.Struct):
    """Times are seconds before now, `wrap_up` one after it. `queue`: of the call they have, or are offered."""

    code: str
    presence: Presence
    reason: str
    phone: str
    call: str
    queue: str
    since: float
    idle: float
    offered: float
    wrap_up: float
    taken: int
    reachable: bool
    then: tuple[Presence, str, str] | None
    skills: dict[str, int]
    queues: frozenset[str]
    languages: tuple[str, ...]


def standing(state: State, operator: Operator, now: float) -> Standing:
    serving, waiting = operator.serving, state.waiting.get(operator.call)
    return Standing(
        operator.code,
        operator.presence,
        operator.reason,
        operator.phone,
        operator.call,
        serving.queue if serving else waiting.queue if waiting else "",
        now - operator.since,
        now - operator.idle_since,
        now - operator.last_offer,
        operator.wrap_up_until - now,
        operator.taken,
        operator.reachable,
        operator.then,
        dict(operator.skills),
        operator.queues,
        operator.languages,
    )


def mirror(state: State, told: Standing, now: float) -> None:
    """Make an operator stand as the lead says."""
    operator = state.operators.get(told.code)
    if operator is None:  # not read from the store yet
        operator = state.operators[told.code] = Operator(told.code, told.skills, told.queues, told.languages)
        state.staff_changed()
    # Each controller measures how long operators need, so that whoever leads next can tell callers how long they wait.
    if operator.presence == "wrap-up" and told.presence not in ("wrap-up", "talking"):
        router.measure(state, operator, now)
    operator.presence, operator.reason, operator.phone, operator.call = (
        told.presence,
        told.reason,
        told.phone,
        told.call,
    )
    operator.since, operator.idle_since, operator.last_offer = now - told.since, now - told.idle, now - told.offered
    operator.wrap_up_until, operator.taken = now + told.wrap_up, told.taken
    operator.reachable, operator.then = told.reachable, told.then
    held = told.presence in ("talking", "offered", "wrap-up") and told.queue
    operator.serving = Talk(told.code, told.queue, now - told.offered) if held else None


def inherit(state: State, now: float) -> list[str]:
    """For a new lead: who has a call, or is rung, is held as talking until the call's controller says how it is.
    Returns those calls; the ones that nobody has spoken for after a while are over."""
    calls = []
    for operator in state.operators.values():
        if operator.presence in ("talking", "offered") and operator.call:
            operator.presence = "talking"
            if operator.serving:
                state.talking[operator.call] = operator.serving
            calls.append(operator.call)
    return calls
