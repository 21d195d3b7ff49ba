"""Admission: whether a call that looks for a controller is taken, by how much there is to do already.

Who does not claim a call leaves it to the dialplan, which costs us nothing. Calls and waiting callers are counted over
all controllers. The load is measured by a question to Asterisk each second: its answer comes behind all commands and
all events that wait, on both sides. One controller on each Asterisk tells it when no more are taken, so that the
dialplan (or Asterisk itself, by 503 with Retry-After) refuses before anybody is asked; what the dialplan was told holds
for a few seconds.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ivr.ari import events
from ivr.ari.ami import Ami
from ivr.ari.errors import AriError
from ivr.calls.exchange import CITIZENS, Exchange
from ivr.store.writer import Writer

log = logging.getLogger(__name__)

VARIABLE = "ADMISSION_CLOSED_UNTIL"  # seconds since 1970; the dialplan reads it
HOLDS = 10.0  # seconds for which the dialplan believes us; a command may take five
MOST_CLAIMS = 100  # calls that are being claimed, or begun, at a time
MOST_WRITES = 2000  # that wait for the store
SLOW, CALM = 2, 5  # looks in a row after which we close because of the load, and open again
MANY = 1_000_000  # calls: more than anybody has
LOW = 0.95  # of a limit; a load must fall to a half


@dataclass(frozen=True)
class Limits:
    """`calls` at once and callers `waiting`, of all controllers; `lag`: seconds that an answer of Asterisk may take."""

    calls: int
    waiting: int
    lag: float


@dataclass(frozen=True)
class Figures:
    """`writes`: those of this controller that wait for the store. `beside`: of the calls, those on our
    Asterisk; `lines`: calls that it has RTP ports for."""

    calls: int
    waiting: int
    lag: float
    writes: int
    beside: int = 0
    lines: int = MANY


@dataclass(frozen=True)
class State:
    """`slow` and `calm`: looks in a row at which the load was too high, and low."""

    open: bool = True
    slow: int = 0
    calm: int = CALM


def step(state: State, now: Figures, limits: Limits) -> State:
    """One look. Pure. It closes when a limit is reached and opens only well below it, so that it does not flap."""
    slow = state.slow + 1 if now.lag > limits.lag or now.writes > MOST_WRITES else 0
    calm = state.calm + 1 if now.lag <= limits.lag / 2 and now.writes <= MOST_WRITES / 2 else 0
    if state.open:
        full = now.calls >= limits.calls or now.beside >= now.lines or now.waiting >= limits.waiting
        return State(not full and slow < SLOW, slow, calm)
    room = now.calls <= LOW * limits.calls and now.beside <= LOW * now.lines and now.waiting <= LOW * limits.waiting
    return State(room and calm >= CALM, slow, calm)


def lines(pairs: int, at_work: int, told: int) -> int:
    """How many citizens' calls there are RTP ports for, of so many pairs. The phone of each operator at work needs one,
    and so does whoever hears why they are refused (`told` at most, and not more than a tenth)."""
    return pairs - at_work - min(told, pairs // 10)


@dataclass
class Admission:
    """`leads`: whether this controller speaks for all on its Asterisk. `trunk`: the endpoint that is to be refused by
    Asterisk itself with 503, over `ami`, "" for none. `lines`: see there; without an RTP port Asterisk refuses a call
    by 488, which tells neither citizen nor carrier that it is for now."""

    exchange: Exchange
    ami: Ami | None
    writer: Writer
    limits: Limits
    leads: Callable[[], object]
    trunk: str = ""
    lines: Callable[[], int] = lambda: MANY
    state: State = State()
    others: tuple[int, int, int] = (0, 0, 0)  # their calls, those of them that wait, and those on our Asterisk
    _lag: float = 0.0
    _asked: float | None = None  # when, of a question that has no answer yet
    _told: bool | None = None  # what Asterisk knows by us
    _refuses: bool | None = None

    def admits(self, channel: events.Channel) -> bool:
        """Whether to claim this one. Operators' own calls always are; citizens' by the last look, and by those that
        came since."""
        if channel.dialplan.context != CITIZENS:
            return True
        room = self._calls < self.limits.calls and self._beside < self.lines()
        return self.state.open and room and self.exchange.arriving < MOST_CLAIMS

    async def renew(self) -> None:
        """After each connecting: Asterisk may have been restarted, and a former lead may have left word there."""
        self._told = self._refuses = None
        self._lag, self._asked = 0.0, None

    async def look(self) -> None:
        """Once a second."""
        if not self.exchange.ari.up:
            return
        if self._asked is None:
            self.exchange.go(self._measure())
        before, now = self.state, self._figures()
        self.state = step(before, now, self.limits)
        if self.state.open != before.open:
            about = {"calls": now.calls, "waiting": now.waiting, "lag": round(now.lag, 3), "writes": now.writes}
            about |= {"lines": now.lines} if now.lines < self.limits.calls else {}
            log.warning("calls are taken again" if self.state.open else "no more calls are taken", extra=about)
        await self._tell()

    def _figures(self) -> Figures:
        lag = self._lag if self._asked is None else max(self._lag, time.monotonic() - self._asked)
        waiting = self.others[1] + self.exchange.waiting
        return Figures(self._calls, waiting, lag, self.writer.waiting, self._beside, self.lines())

    @property
    def _calls(self) -> int:
        return self.others[0] + self.exchange.calls + self.exchange.arriving

    @property
    def _beside(self) -> int:
        return self.others[2] + self.exchange.calls + self.exchange.arriving

    async def _measure(self) -> None:
        begun = self._asked = time.monotonic()
        try:
            await self.exchange.ari.ping()
        except AriError as error:
            log.warning("the load could not be measured: %s", error)
        self._lag, self._asked = time.monotonic() - begun, None

    async def _tell(self) -> None:
        if not self.leads():
            self._told = self._refuses = None
            return
        closed = not self.state.open
        if closed or self._told is not False:
            until = int(time.time() + HOLDS) if closed else 0
            await _done(self.exchange.ari.set_global(VARIABLE, str(until)))
            self._told = closed
        if self.trunk and closed != self._refuses and self.ami and self.ami.up:
            action = {"Action": "PJSIPSetMaintenance", "Endpoint": self.trunk, "State": "on" if closed else "off"}
            if await _done(self.ami.action(action)):
                self._refuses = closed


async def _done(work: Awaitable[Any]) -> bool:
    try:
        await work
    except AriError as error:
        log.warning("asterisk was not told whether calls are taken: %s", error)
        return False
    return True
