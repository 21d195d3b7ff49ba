"""The floor: the router with a clock. Takes events from calls and phones, carries the router's actions to them.

One floor a controller; everything happens in the event loop, so the router's state needs no lock.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from ivr.acd import router
from ivr.acd import words as w
from ivr.acd.state import Operator, Queue, State

log = logging.getLogger(__name__)


class Caller(Protocol):
    """What the floor asks of a call that waits."""

    def offer(self, operator: str, phone: str, ring: float) -> None: ...
    def withdraw(self, operator: str) -> None: ...
    def leave_queue(self, exit: str) -> None: ...
    def announce(self, position: int, wait: float | None) -> None: ...


class Floor:
    """`on_presence` hears of every change of an operator's presence."""

    def __init__(self, on_presence: Callable[[w.Present], None]) -> None:
        self.state = State({})
        self._callers: dict[str, Caller] = {}
        self._on_presence = on_presence
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, caller: Caller, arrived: w.Arrived) -> None:
        self._callers[arrived.call] = caller
        self.take(arrived)

    def take(self, event: w.Event) -> None:
        """Give the router one event and carry out what it says."""
        for action in router.step(self.state, event, time.monotonic()):
            self._carry_out(action)
        if isinstance(event, w.Left | w.Finished):
            self._callers.pop(event.call, None)
        self._set_timer()

    def arrange(self, queues: Iterable[Queue]) -> None:
        """The queues there are now; one that is gone stays until the last call has left it."""
        self.take(w.Arranged(tuple(queues)))

    def operator(self, code: str) -> Operator | None:
        return self.state.operators.get(code)

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

    def _carry_out(self, action: w.Action) -> None:
        match action:
            case w.Present():
                self._on_presence(action)
            case w.Offer(call, code, phone, ring):
                self._callers[call].offer(code, phone, ring)
            case w.Withdraw(call, code) if call in self._callers:
                self._callers[call].withdraw(code)
            case w.Exit(call, exit):
                self._callers.pop(call).leave_queue(exit)
            case w.Announce(call, place, wait):
                self._callers[call].announce(place, wait)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        now = time.monotonic()
        when = router.next_deadline(self.state, now)
        if when is None:
            self._timer = None
            return
        delay = max(0.01, when - now)
        self._timer = asyncio.get_running_loop().call_later(delay, self.take, w.Tick())
