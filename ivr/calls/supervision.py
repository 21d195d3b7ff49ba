"""A supervisor's phone beside a conversation: hears what the operator says and hears, and, in the mode `whisper`, is
heard by the operator alone. It ends when the supervisor hangs up, or the operator's part of the call is over."""

import asyncio
import logging

from ivr.ari import ids
from ivr.ari.errors import AriError
from ivr.calls.exchange import Exchange

log = logging.getLogger(__name__)
RING = 20.0


class Supervision:
    def __init__(self, exchange: Exchange, call: str, number: int, phone: str, operator: str, whisper: bool) -> None:
        """`operator`: the channel of the operator's phone; `phone`: the supervisor's account."""
        self.channel, self.phone = ids.supervisor_channel(call, number), phone
        self._exchange, self._call, self._operator, self._whisper = exchange, call, operator, whisper
        self._bridge, self._snoops = f"{self.channel}-bridge", 0
        self.over = False
        self._answer, self._gone = asyncio.Event(), asyncio.Event()

    # What Asterisk tells

    def answered(self) -> None:
        self._answer.set()

    def key(self, digit: str) -> None:
        """Keys of a supervisor mean nothing to us."""

    def played(self, playback: str, heard: bool) -> None:
        """Nothing is played to a supervisor."""

    def gone(self, cause: int) -> None:
        self._gone.set()

    async def look_again(self) -> None:
        """A channel that is gone is reported by the exchange."""

    def stop(self) -> None:
        self._gone.set()

    async def change(self, whisper: bool) -> None:
        self._whisper = whisper
        if self._snoops:
            await self._listen()

    async def run(self) -> None:
        exchange = self._exchange
        exchange.add(self.channel, self)
        try:
            await exchange.ari.originate(
                self.channel, f"PJSIP/{self.phone}", arguments=("supervisor", self._call), caller_id="", ring=RING
            )
            if await self._reached():
                await exchange.ari.make_bridge(self._bridge)
                await exchange.ari.join(self._bridge, [self.channel])
                await self._listen()
                await self._gone.wait()
        except AriError as error:
            if not error.gone:
                log.error("a supervisor could not listen: %s", error, extra={"call": self._call})
        finally:
            self.over = True
            exchange.remove(self.channel)
            await self._clear()

    async def _listen(self) -> None:
        former, ari = self._snoop, self._exchange.ari
        self._snoops += 1
        await ari.snoop(self._operator, self._snoop, whisper=self._whisper)
        await ari.join(self._bridge, [self._snoop])
        if self._snoops > 1:
            await ari.hang_up(former)

    @property
    def _snoop(self) -> str:
        return f"{self.channel}-snoop-{self._snoops}"

    async def _reached(self) -> bool:
        tasks = [asyncio.ensure_future(event.wait()) for event in (self._answer, self._gone)]
        _, pending = await asyncio.wait(tasks, timeout=RING + 5, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        return self._answer.is_set() and not self._gone.is_set()

    async def _clear(self) -> None:
        ari = self._exchange.ari
        try:
            if self._snoops:
                await ari.hang_up(self._snoop)
            await ari.hang_up(self.channel)
            await ari.destroy_bridge(self._bridge)
        except AriError as error:
            log.error("a supervisor's leg may still be up: %s", error, extra={"call": self._call})
