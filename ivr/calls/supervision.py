"""A supervisor's phone beside a conversation: hears what the operator says and hears, and, in the mode `whisper`, is
heard by the operator alone. It ends when the supervisor hangs up, or the operator's part of the call is over.

What is heard are the voices as they are, or other ones; when these cannot be had, nothing is heard.
"""

import asyncio
import logging
from typing import Literal

from ivr.ari import ids
from ivr.ari.errors import AriError
from ivr.calls.exchange import Exchange
from ivr.calls.first import first
from ivr.calls.rung import Rung
from ivr.listening import ears

log = logging.getLogger(__name__)
RING = 20.0
Spy = Literal["in", "out", "both", "none"]
# What other voices are made of: what the operator says is one, all that the operator hears the other.
OTHER_VOICES: dict[ears.Place, Spy] = {"operator": "in", "others": "out"}


class Supervision(Rung):
    def __init__(
        self, exchange: Exchange, call: str, number: int, phone: str, operator: str, *, original: bool, whisper: bool
    ) -> None:
        """`operator`: the channel of the operator's phone; `phone`: the supervisor's account."""
        super().__init__(ids.supervisor_channel(call, number))
        self.phone, self.original = phone, original
        self._exchange, self._call, self._operator, self._whisper = exchange, call, operator, whisper
        self._bridge, self._made = f"{self.channel}-bridge", 0
        self._bridges: list[str] = []
        self._parts: list[Rung] = []  # of the other voices: when one ends, all does
        self._others: list[Rung] = []  # channels that were asked for: all are hung up in the end
        self._changed = asyncio.Event()
        self._snoop: Rung | None = None  # the channel beside the operator's that the supervisor's phone is bridged with

    def change(self, whisper: bool) -> None:
        self._whisper = whisper
        self._changed.set()

    async def run(self) -> None:
        """All is made and ended here, one thing after the other: a supervisor who goes while something is being made
        leaves nothing behind."""
        exchange = self._exchange
        exchange.add(self.channel, self)
        try:
            await exchange.ari.originate(
                self.channel, f"PJSIP/{self.phone}", arguments=("supervisor", self._call), caller_id="", ring=RING
            )
            if await self.reached(RING):
                await self._bridge_of(self._bridge, self.channel)
                if not self.original:
                    await self._hear_other_voices()
                while not self._is_over:
                    self._changed.clear()
                    await self._stand_beside()
                    await first(None, self._changed, self.ended, *(part.ended for part in self._parts))
        except (AriError, TimeoutError) as error:
            log.error("a supervisor could not listen: %s", error, extra={"call": self._call})
        finally:
            self.ended.set()
            exchange.remove(self.channel)
            await self._clear()

    @property
    def _is_over(self) -> bool:
        return any(one.ended.is_set() for one in (self, *self._parts))

    async def _stand_beside(self) -> None:
        former, self._snoop = self._snoop, None
        if self.original or self._whisper:
            self._snoop = await self._snooped("both" if self.original else "none", self._whisper)
            await self._exchange.ari.join(self._bridge, [self._snoop.channel])
        if former:
            await self._end(former)

    async def _hear_other_voices(self) -> None:
        """Each direction goes to the program that changes voices, and both come back together."""
        listening = ears.new()
        for place, spy in OTHER_VOICES.items():
            snoop = await self._snooped(spy)
            self._parts.append(snoop)
            sound = await self._connected(ears.address(listening, place))
            await self._bridge_of(f"{self._bridge}-{place}", snoop.channel, sound.channel)
        sound = await self._connected(ears.address(listening, "supervisor"))
        await self._exchange.ari.join(self._bridge, [sound.channel])

    async def _snooped(self, spy: Spy, whisper: bool = False) -> Rung:
        snoop = self._next("snoop")
        await self._exchange.ari.snoop(self._operator, snoop.channel, spy=spy, whisper=whisper)
        return await self._arrived(snoop)

    async def _connected(self, uuid: str) -> Rung:
        sound = self._next("sound")
        self._parts.append(sound)
        await self._exchange.ari.connect_sound(sound.channel, self._exchange.listening, uuid)
        return await self._arrived(sound)

    def _next(self, kind: str) -> Rung:
        self._made += 1
        one = Rung(f"{self.channel}-{kind}-{self._made}")
        self._exchange.add(one.channel, one)
        self._others.append(one)
        return one

    async def _arrived(self, one: Rung) -> Rung:
        """It is ours only when its StasisStart has come."""
        async with asyncio.timeout(RING):
            await one.there.wait()
        return one

    async def _bridge_of(self, bridge: str, *channels: str) -> None:
        await self._exchange.ari.make_bridge(bridge)
        self._bridges.append(bridge)
        await self._exchange.ari.join(bridge, list(channels))

    async def _end(self, one: Rung) -> None:
        self._others.remove(one)
        self._exchange.remove(one.channel)
        await self._exchange.ari.hang_up(one.channel)

    async def _clear(self) -> None:
        ari = self._exchange.ari
        try:
            for one in tuple(self._others):
                await self._end(one)
            await ari.hang_up(self.channel)
            for bridge in self._bridges:
                await ari.destroy_bridge(bridge)
        except AriError as error:
            log.error("a supervisor's leg may still be up: %s", error, extra={"call": self._call})
