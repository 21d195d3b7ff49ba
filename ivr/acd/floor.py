"""The floor: the router with a clock. Takes events from calls and phones, carries the router's actions to them.

One floor a controller; everything happens in the event loop, so the router's state needs no lock. One floor at a time
leads: its router decides, for the calls of the others as well. The others follow: their events go to the lead, and they
carry out what it says; their `state` is a mirror of how the operators stand. See `lead` and `leadership`.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from ivr.acd import lead, router
from ivr.acd import words as w
from ivr.acd.state import Operator, Queue, State
from ivr.link.messages import Refused

log = logging.getLogger(__name__)


class Caller(Protocol):
    """What the floor asks of a call that waits."""

    def offer(self, operator: str, phone: str, ring: float) -> None: ...
    def withdraw(self, operator: str, missed: bool) -> None: ...
    def leave_queue(self, exit: str) -> None: ...
    def announce(self, position: int, wait: float | None) -> None: ...


Forward = Callable[[w.Event], None]
DECISIONS = 20_000  # the last ones, of which it is known how long they took
TOGETHER = 0.05  # seconds in which calls that come over are told of as one
OF_ALL = w.Arranged | w.Joined | w.Removed | w.Tick  # each controller sees these for itself


class Floor:
    """Leads, alone, until `follow` is called. `on_presence` hears of every change of an operator's presence that this
    floor has decided."""

    def __init__(self, on_presence: Callable[[w.Present], None]) -> None:
        self.state = State({})
        self.mine = lead.Calls()
        self._callers: dict[str, Caller] = {}
        self._elsewhere: dict[str, str] = {}  # calls of other controllers: whose
        self._on_presence = on_presence
        self._timer: asyncio.TimerHandle | None = None
        self._forward: Forward | None = None
        self._held: list[w.Event] | None = None  # events that wait until we may decide
        self.decisions: deque[float] = deque(maxlen=DECISIONS)  # seconds from the event to the last action told
        # Set by the leadership: actions for another controller, changes to tell, whether we still may decide.
        self.act: Callable[[str, w.Action], None] = lambda controller, action: None
        self.changed: Callable[[Operator], None] = lambda operator: None
        self.fit: Callable[[], bool] = lambda: True
        self.rejoin: Callable[[], None] = lambda: None  # give the lead our account anew
        self.ours: Callable[[str], bool] = lambda call: True  # whether we still have a call
        self._telling: asyncio.TimerHandle | None = None

    @property
    def leads(self) -> bool:
        return self._forward is None

    def must_lead(self) -> None:
        """Raises Refused where another decides: what stands here is a mirror, and changes are the lead's."""
        if not self.leads:
            raise Refused("another controller leads by now; try again")

    def enter(self, caller: Caller, arrived: w.Arrived) -> None:
        self._callers[arrived.call] = caller
        self.take(arrived)

    def take(self, event: w.Event) -> None:
        """An event of our own calls, phones and people."""
        if not self.ours(getattr(event, "call", "")):
            return
        if not self.mine.note(event, time.monotonic()):
            if isinstance(event, w.Accepted) and event.call in self._callers:
                self._callers[event.call].withdraw(event.operator, missed=False)
            return
        if self._forward is None:
            self._decide(event)
        elif isinstance(event, OF_ALL):
            for _ in router.step(self.state, event, time.monotonic()):
                pass  # the lead decides
        else:
            self._forward(event)
        if isinstance(event, w.Left):
            self._callers.pop(event.call, None)

    def go_on(self, caller: Caller, arrived: w.Arrived, operator: str = "", since: float = 0.0) -> None:
        """A call of a controller that is gone is ours. It waits as it did there, or talks with `operator`, who was
        offered it then. Those that come together are told to the lead together, in our account: so it keeps its place,
        and whoever was rung for it is free."""
        self._callers[arrived.call] = caller
        self.mine.inherit(arrived, operator, since, time.monotonic())
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(TOGETHER, self._tell_account)

    def _tell_account(self) -> None:
        self._telling = None
        if not self.leads:
            self.rejoin()
            return
        self._adopt("", self.mine.account(time.monotonic()))
        if self._held is None:
            self._decide(w.Tick())

    def forget(self, call: str) -> None:
        """Another controller has this call; the lead hears of it from there."""
        self.mine.forget(call)
        self._callers.pop(call, None)

    def arrange(self, queues: Iterable[Queue]) -> None:
        """The queues there are now; one that is gone stays until the last call has left it."""
        self.take(w.Arranged(tuple(queues)))

    def operator(self, code: str) -> Operator | None:
        return self.state.operators.get(code)

    def queue_of(self, call: str) -> str:
        """The queue in which one of our calls waits; "" when it does not."""
        waiting = self.mine.waiting.get(call)
        return waiting.arrived.queue if waiting else ""

    def refusal(self, queue: str, needs: tuple[str, ...], language: str) -> str:
        """Why a call that came to this queue now would leave it at once, in words for people; "": it would wait."""
        return router.refusal(self.state, queue, needs, language, time.monotonic())

    def staff(self, operators: Iterable[w.Joined]) -> None:
        """The operators there are now."""
        wanted = {operator.operator: operator for operator in operators}
        for code in self.state.operators.keys() - wanted.keys():
            self.take(w.Removed(code))
        for code, joined in wanted.items():
            there = self.operator(code)
            new = (dict(joined.skills), joined.queues, joined.languages)
            if there is None or new != (there.skills, there.queues, there.languages):
                self.take(joined)

    # Leading

    def begin_to_lead(self) -> None:
        """From now on we decide, beginning with `release`, when the others have given their accounts."""
        self._forward, self._held, now = None, [], time.monotonic()
        self._elsewhere = dict.fromkeys(lead.inherit(self.state, now), "")
        self._adopt("", self.mine.account(now))
        for one in self.state.operators.values():
            if one.call not in self._elsewhere:  # of the others it is not known yet
                self._carry_out(w.Present(one.code, one.presence, one.reason, one.call, one.phone))

    def release(self) -> None:
        held, self._held = self._held or [], None
        for event in [*held, w.Tick()]:
            self._decide(event)

    def joined(self, controller: str, account: lead.Account) -> None:
        """Another controller gives its account."""
        known = [call for call, whose in self._elsewhere.items() if whose == controller]
        for left in lead.over(self.state, known, account):
            self._decide(left)
        self._adopt(controller, account)
        if self._held is None:
            self._decide(w.Tick())

    def _adopt(self, controller: str, account: lead.Account) -> None:
        for call in [one.arrived.call for one in account.waiting] + [one.call for one in account.talking]:
            if controller:
                self._elsewhere[call] = controller
            else:
                self._elsewhere.pop(call, None)
        for waits in account.waiting:  # talking, as far as we were told; its own controller knows better
            self.state.talking.pop(waits.arrived.call, None)
        for action in lead.adopt(self.state, account, time.monotonic()):
            self._carry_out(action)

    def happened(self, controller: str, event: w.Event, at: float) -> None:
        """An event of another controller's, at a time by its clock. The way here costs no caller their place."""
        if isinstance(event, w.Arrived):
            now = time.monotonic()
            event = replace(event, on_its_way=now - lead.happened_at(at, now))
            self._elsewhere[event.call] = controller
        self._decide(event)

    def left_behind(self, controller: str) -> None:
        """A controller has ended, and its calls with it."""
        calls = [call for call, whose in self._elsewhere.items() if whose == controller]
        for call in calls:
            self._decide(w.Left(call))
        for action in lead.free(self.state, calls, time.monotonic()):
            self._carry_out(action)
        self._decide(w.Tick())

    def _decide(self, event: w.Event) -> None:
        if self._held is None and not self.fit():
            self._held = []
        if self._held is not None:
            self._held.append(event)
            return
        begun = time.monotonic()
        for action in router.step(self.state, event, begun):
            self._carry_out(action)
        if isinstance(event, w.Left):
            self._elsewhere.pop(event.call, None)
        self._set_timer()
        self.decisions.append(time.monotonic() - begun)

    def _carry_out(self, action: w.Action) -> None:
        if isinstance(action, w.Present):
            self._on_presence(action)
            if operator := self.operator(action.operator):
                self.changed(operator)
        elif controller := self._elsewhere.get(action.call):
            self.act(controller, action)
        elif action.call not in self._elsewhere:
            self.told(action)

    # Following

    def follow(self, forward: Forward) -> None:
        """From now on another decides; `forward` takes our events to it."""
        self._forward, self._held = forward, None
        self.state.waiting.clear()
        self.state.talking.clear()
        self._elsewhere.clear()
        if self._timer is not None:
            self._timer.cancel()

    def told(self, action: w.Action) -> None:
        """What the lead says of one of our calls."""
        if not self.mine.told(action, time.monotonic()) or isinstance(action, w.Present):
            return
        caller = self._callers.get(action.call)
        match action:
            case _ if caller is None:
                pass
            case w.Offer(_, code, phone, ring):
                caller.offer(code, phone, ring)
            case w.Withdraw(_, code, missed):
                caller.withdraw(code, missed)
            case w.Exit(call, exit):
                self._callers.pop(call).leave_queue(exit)
            case w.Announce(_, place, wait):
                caller.announce(place, wait)

    def stands(self, told: lead.Standing) -> None:
        """How an operator stands, says the lead."""
        if not self.leads:
            lead.mirror(self.state, told, time.monotonic())

    def standings(self) -> list[lead.Standing]:
        now = time.monotonic()
        return [lead.standing(self.state, one, now) for one in self.state.operators.values()]

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        now = time.monotonic()
        when = router.next_deadline(self.state, now)
        if when is None:
            self._timer = None
            return
        delay = max(0.01, when - now)
        self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        if self.leads:
            self._decide(w.Tick())
