"""The floor: the router with a clock. Takes events from calls and phones, carries the router's actions to them.

One floor a controller; everything happens in the event loop, so the router's state needs no lock.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from ivr.acd import router
from ivr.acd.router import Operator, Queue

log = logging.getLogger(__name__)


class Caller(Protocol):
    """What the floor asks of a call that waits."""

    def offer(self, operator: str, ring: float) -> None: ...
    def withdraw(self, operator: str) -> None: ...
    def leave_queue(self, exit: str) -> None: ...
    def announce(self, position: int, wait: float) -> None: ...


class Floor:
    """`on_presence(code, presence, call)` hears of every change of an operator's presence."""

    def __init__(self, on_presence: Callable[[str, str, str], None]) -> None:
        self.state = router.State({})
        self._callers: dict[str, Caller] = {}
        self._on_presence = on_presence
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, caller: Caller, arrived: router.Arrived) -> None:
        self._callers[arrived.call] = caller
        self.take(arrived)

    def take(self, event: router.Event) -> None:
        """Give the router one event and carry out what it says."""
        for action in router.step(self.state, event, time.monotonic()):
            self._carry_out(action)
        if isinstance(event, router.Left | router.Finished):
            self._callers.pop(event.call, None)
        self._set_timer()

    def arrange(self, queues: Iterable[Queue]) -> None:
        """The queues there are now; one that is gone stays until the last call has left it."""
        self.take(router.Arranged(tuple(queues)))

    def staff(self, operators: Iterable[Operator]) -> None:
        """The operators there are now. Who is new starts with the presence given; who is gone is signed out."""
        wanted = {operator.code: operator for operator in operators}
        known = self.state.operators
        for code in known.keys() - wanted.keys():
            self.take(router.SignedOut(code))
            del known[code]
        for code, operator in wanted.items():
            mine = known.get(code)
            if mine is None:
                known[code] = replace(operator, since=time.monotonic())
                log.info("operator joins", extra={"operator": code, "presence": operator.presence})
            else:
                mine.skills, mine.queues = operator.skills, operator.queues
        self.take(router.Tick())

    def _carry_out(self, action: router.Action) -> None:
        match action:
            case router.Present(code, presence, call):
                self._on_presence(code, presence, call)
            case router.Offer(call, code, ring):
                self._callers[call].offer(code, ring)
            case router.Withdraw(call, code) if call in self._callers:
                self._callers[call].withdraw(code)
            case router.Exit(call, exit):
                self._callers.pop(call).leave_queue(exit)
            case router.Announce(call, place, wait):
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
        self._timer = asyncio.get_running_loop().call_later(delay, self.take, router.Tick())
