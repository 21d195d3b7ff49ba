"""The fence: a controller does nothing about calls that it no longer has.

Who has a call says its row in the store (`calls.controller`), and nothing else. Others take the calls of a controller
that has not answered them for a while (`heirs.SILENCE`). So one that stood still for longer than LONGEST asks the store
before it does anything else. One that sees a channel leave its application asks about that call; the others go on, for
a busy Asterisk tells late of channels that have just been hung up. A call that another has taken is `taken` here:
Asterisk is given no command about it, the floor and the journal hear nothing more of it, and its end is not written
(`calls.finish` asks whose it is). Its session ends as if the caller were gone, and harms nobody.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from functools import partial

from ivr.ari import ids
from ivr.ari.errors import AriError
from ivr.store import calls
from ivr.store.writer import Writer

log = logging.getLogger(__name__)
LONGEST = 0.5  # seconds of standing still after which it is not sure what is ours; less than others wait
TICK = 0.1
ANSWER = 3.0  # seconds that the store has
BRIEFLY = 0.5  # of one that was away just now: nobody could take calls then, and perhaps it is back


class Fence:
    """`mine` gives the calls that we think we have; `lost` is told of each that we have not. `certain`: the store may
    be away for us alone, who are cut off from the others, and they take our calls: in doubt its answer is awaited."""

    def __init__(
        self,
        controller: str,
        writer: Writer,
        mine: Callable[[], Collection[str]],
        lost: Callable[[str], None],
        *,
        certain: bool = False,
    ) -> None:
        self._controller, self._writer, self._mine, self._lost = controller, writer, mine, lost
        self._certain = certain
        self._taken: set[str] = set()
        self._channels: set[str] = set()  # their citizens'
        self._ticked = time.monotonic()
        self._check: asyncio.Future[None] | None = None
        self._doubts = 0
        self._asking: dict[str, asyncio.Future[None]] = {}  # about one call, by it and by the channel that left

    async def run(self) -> None:
        """Know how long we stood still."""
        while True:
            if time.monotonic() - self._ticked > LONGEST:  # a question that is being asked is no new doubt
                self.doubt()
            self._ticked = time.monotonic()
            await asyncio.sleep(TICK)

    @property
    def awake(self) -> bool:
        """Whether nobody can have taken anything from us since we last knew what is ours."""
        return self._check is None and time.monotonic() - self._ticked <= LONGEST

    def doubt(self) -> None:
        """Somebody may have taken calls: before anything else is done, ask."""
        self._doubts += 1
        if self._check is None:
            if (stood := time.monotonic() - self._ticked) > LONGEST:
                log.warning("this controller stood still for %.1f s; it asks which calls it still has", stood)
            self._check = asyncio.ensure_future(self._ask())

    async def ask(self, call: str, channel: str) -> None:
        """Whether somebody has taken this call: its channel left us. Until that is known nothing is done about it."""
        asked = self._asking[call] = self._asking[channel] = asyncio.ensure_future(self._look([call]))
        await asyncio.wait({asked})
        for name in (call, channel):
            if self._asking.get(name) is asked:
                del self._asking[name]

    async def known(self, name: str) -> None:
        """Wait until it is known whether a call, or what is named after it, is ours."""
        await self.sure()
        while asked := self._asking.get(name) or self._asking.get(ids.call_of(name)):
            await asyncio.wait({asked})

    async def sure(self) -> bool:
        """Wait until it is known which calls are ours. False when it was in doubt."""
        if self.awake:
            return True
        if self._check is None:
            self.doubt()
        while self._check is not None:
            await asyncio.wait({self._check})
        return False

    async def _ask(self) -> None:
        answered = 0
        while answered != self._doubts:  # what was asked before a doubt does not settle it
            answered = self._doubts
            await self._look(list(self._mine()))
        self._ticked, self._check = time.monotonic(), None

    async def _look(self, mine: list[str]) -> None:
        told = False
        while True:
            asked = self._writer.run(partial(calls.taken, ids=mine, controller=self._controller))
            try:
                for call, channel in await asyncio.wait_for(asked, BRIEFLY if self._writer.away else ANSWER):
                    self.take(call, channel)
                return
            except Exception as error:
                # Nobody can take calls while the store is away. Of those taken just before, Asterisk tells: their
                # channels leave our application.
                if not told:
                    log.error("the store does not say which calls are ours: %s", error)
            if not self._certain:
                return
            told = True
            await asyncio.sleep(TICK)

    def take(self, call: str, channel: str) -> None:
        """Another has this call."""
        if call not in self._taken:
            log.warning("another controller has this call now", extra={"call": call})
            self._taken.add(call)
            self._channels.add(channel)
            self._lost(call)

    def has(self, name: str) -> bool:
        """Whether a call, or what is named after it, is not taken."""
        return not self._taken or ids.call_of(name) not in self._taken

    def give_back(self, call: str, channel: str) -> None:
        """It has come back to us."""
        self._taken.discard(call)
        self._channels.discard(channel)

    async def passes(self, target: str) -> None:
        """Before each command to Asterisk. Raises AriError when its target belongs to a call that is taken."""
        if self._asking or not self.awake:
            await self.known(target)
        if self._taken and (target in self._channels or not self.has(target)):
            raise AriError(target, 409, "another controller has this call")
