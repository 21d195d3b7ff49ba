"""What an operator dials from their own phone: *1 signs in, *2 signs out, *3N gives the last call's disposition, *4
begins a break, *5 ends it, and a wrap-up.

The phone is known by its SIP account (`op-4271`); the personal code keyed after *1 must be that account's.
"""

import asyncio
import logging
from datetime import UTC, datetime

from ivr.acd import words as acd
from ivr.ari import events
from ivr.ari.errors import AriError
from ivr.calls import phones
from ivr.calls.dispositions import KEYS
from ivr.calls.exchange import Exchange
from ivr.calls.keys import Keys
from ivr.calls.saying import Saying
from ivr.store import calls, writes

log = logging.getLogger(__name__)

KEY_WAIT = 8.0
LONGEST_CODE = 8
ATTEMPTS = 3
BREAK = "break"  # the reason of a pause from the phone


class Desk:
    def __init__(self, exchange: Exchange, channel: events.Channel) -> None:
        self._exchange, self._channel = exchange, channel
        self._operator = phones.operator_of(channel.endpoint)
        self._keys = Keys()
        self._saying = Saying(exchange, channel.id, self._operator, {"operator": self._operator})
        self._task: asyncio.Task[None] | None = None
        # What makes the operator fit for a call waits until this one is over: nobody is rung while they still listen.
        self._after: acd.Event | None = None

    def key(self, digit: str) -> None:
        self._keys.press(digit)

    def played(self, playback: str, heard: bool) -> None:
        self._saying.played(playback)

    def gone(self, cause: int) -> None:
        if self._task:
            self._task.cancel()

    async def look_again(self) -> None:
        self._saying.heard.set()

    async def run(self) -> None:
        exchange, channel = self._exchange, self._channel.id
        self._task = asyncio.current_task()
        exchange.add(channel, self)
        try:
            await exchange.ari.answer(channel)
            dialled = self._channel.dialplan.exten
            if dialled == "*1":
                await self._sign_in()
            elif dialled == "*2":
                exchange.floor.take(acd.SignedOut(self._operator, "phone"))
                await self._say("signed-out")
            elif dialled in ("*4", "*5"):
                await self._pause(begins=dialled == "*4")
            elif dialled.startswith("*3") and dialled[2:] in KEYS:
                await self._dispose(KEYS[dialled[2:]])
            else:
                await self._say("sign-in-refused")
        except asyncio.CancelledError:
            pass  # the phone hung up
        except AriError as error:
            if not error.gone:
                log.error("an operator's own call failed: %s", error, extra={"operator": self._operator})
        finally:
            exchange.remove(channel)
            try:
                await exchange.ari.hang_up(channel)
            finally:
                if self._after:
                    exchange.floor.take(self._after)

    async def _sign_in(self) -> None:
        phone = self._channel.endpoint
        for _ in range(ATTEMPTS):
            await self._saying.begin("sign-in")
            code = await self._code()
            await self._saying.stop()
            if code == self._operator and self._exchange.floor.operator(code):
                self._after = acd.SignedIn(code, phone, "phone")
                await self._say("signed-in")  # who hangs up on it is at work all the same
                return
            await self._say("sign-in-refused")
        log.warning("a sign-in was refused", extra={"operator": self._operator})

    async def _pause(self, *, begins: bool) -> None:
        operator = self._exchange.floor.operator(self._operator)
        if operator is None or operator.presence == "signed-out":
            await self._say("not-signed-in")
        elif begins:
            self._exchange.floor.take(acd.Paused(self._operator, BREAK, "phone"))
            await self._say("paused")
        else:
            self._after = acd.Resumed(self._operator, "phone")
            await self._say("back")

    async def _code(self) -> str:
        code = ""
        while len(code) < LONGEST_CODE:
            try:
                async with asyncio.timeout(KEY_WAIT):
                    key = await self._keys.get()
            except TimeoutError:
                return code
            if key == "#":
                return code
            code += key
        return code

    async def _dispose(self, disposition: str) -> None:
        exchange, now = self._exchange, datetime.now(UTC)
        call = await exchange.writer.run(lambda s: calls.last_served(s, self._operator))
        if call is None:
            await self._say("disposition-refused")
            return
        await exchange.writer.run(writes.SetDisposition(call, disposition, now))
        self._after = acd.WrappedUp(self._operator)
        await self._say("disposition-saved")

    async def _say(self, prompt: str) -> None:
        await self._saying.begin(prompt)
        await self._saying.heard.wait()
