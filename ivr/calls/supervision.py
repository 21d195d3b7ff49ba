"""A supervisor's phone beside a conversation: hears what the operator says and hears, and, in the mode `whisper`, is
heard by the operator alone. It ends when the supervisor hangs up, or the operator's part of the call is over."""

import asyncio
import logging

from ivr.ari import ids
from ivr.ari.errors import AriError
from ivr.calls.exchange import Exchange
from ivr.calls.rung import Rung

log = logging.getLogger(__name__)
RING = 20.0


class Supervision(Rung):
    def __init__(self, exchange: Exchange, call: str, number: int, phone: str, operator: str, whisper: bool) -> None:
        """`operator`: the channel of the operator's phone; `phone`: the supervisor's account."""
        super().__init__(ids.supervisor_channel(call, number))
        self.phone = phone
        self._exchange, self._call, self._operator, self._whisper = exchange, call, operator, whisper
        self._bridge, self._snoops = f"{self.channel}-bridge", 0
        self._snoop: Rung | None = None  # the channel that hears the operator's

    async def change(self, whisper: bool) -> None:
        self._whisper = whisper
        if self._snoop:
            await self._listen()

    async def run(self) -> None:
        exchange = self._exchange
        exchange.add(self.channel, self)
        try:
            await exchange.ari.originate(
                self.channel, f"PJSIP/{self.phone}", arguments=("supervisor", self._call), caller_id="", ring=RING
            )
            if await self.reached(RING):
                await exchange.ari.make_bridge(self._bridge)
                await exchange.ari.join(self._bridge, [self.channel])
                await self._listen()
                await self.ended.wait()
        except (AriError, TimeoutError) as error:
            log.error("a supervisor could not listen: %s", error, extra={"call": self._call})
        finally:
            self.ended.set()
            exchange.remove(self.channel)
            await self._clear()

    async def _listen(self) -> None:
        former, exchange = self._snoop, self._exchange
        self._snoops += 1
        snoop = self._snoop = Rung(f"{self.channel}-snoop-{self._snoops}")
        exchange.add(snoop.channel, snoop)
        await exchange.ari.snoop(self._operator, snoop.channel, whisper=self._whisper)
        async with asyncio.timeout(RING):
            await snoop.there.wait()  # it is ours only when its StasisStart has come
        await exchange.ari.join(self._bridge, [snoop.channel])
        if former:
            await self._end(former)

    async def _end(self, snoop: Rung) -> None:
        self._exchange.remove(snoop.channel)
        await self._exchange.ari.hang_up(snoop.channel)

    async def _clear(self) -> None:
        ari = self._exchange.ari
        try:
            if self._snoop:
                await self._end(self._snoop)
            await ari.hang_up(self.channel)
            await ari.destroy_bridge(self._bridge)
        except AriError as error:
            log.error("a supervisor's leg may still be up: %s", error, extra={"call": self._call})
