"""An operator's leg: one offer of one call to one operator's phone.

ringing → (answered) whisper → ready → talking → disposition → over. The call's conversation decides when the two are
connected; this leg hears of it. Every way out tells it once, by `leg_over`.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from ivr.acd import words as acd
from ivr.ari import ids
from ivr.ari.errors import AriError
from ivr.calls.dispositions import KEYS
from ivr.calls.exchange import Exchange
from ivr.calls.fetch import fetch
from ivr.calls.first import first
from ivr.calls.keys import Keys
from ivr.calls.saying import Saying

if TYPE_CHECKING:
    from ivr.calls.callback import Callback
    from ivr.calls.consult import Consult
    from ivr.calls.conversation import Conversation

log = logging.getLogger(__name__)

# Q.850: 3 no route, 20 subscriber absent, 27 destination out of order: no phone of this operator is registered.
ABSENT = {3, 20, 27}
KEY_WAIT = 10.0
FAREWELL = 3.0  # seconds that an offer waits for the one before it to leave the phone


class Leg:
    def __init__(
        self,
        exchange: Exchange,
        conversation: "Conversation | Consult | Callback",
        operator: str,
        phone: str,
        number: int,
        ring: float,
        channel: str = "",
    ) -> None:
        """`channel`: of one that has answered already; "": it will be made."""
        self.operator, self.number, self.phone = operator, number, phone
        self._exchange, self._ring = exchange, ring
        self._conversation = conversation
        self.channel = channel or ids.operator_channel(conversation.call, number)
        self.ready = False  # has heard the whisper
        self.connected = False
        self.over = False
        self.left = False  # the operator has hung up, and not we
        self.withdrawn = False  # the floor expects nothing more of this offer
        self._cause = 0
        self._answer = asyncio.Event()
        self._gone = asyncio.Event()
        self._saying = Saying(exchange, self.channel, operator, {"call": conversation.call})
        self._keys = Keys()
        self._caller_left = asyncio.Event()
        self.parted = asyncio.Event()  # the phone was told that it is over

    # What Asterisk tells

    def answered(self) -> None:
        self._answer.set()

    def key(self, digit: str) -> None:
        self._keys.press(digit)

    def played(self, playback: str, heard: bool) -> None:
        self._saying.played(playback)

    def gone(self, cause: int) -> None:
        # A hang-up is told twice, by the end of the application and by that of the channel; the first counts.
        self._cause = self._cause or cause
        self.left = self.left or not self._gone.is_set()
        self._gone.set()

    def cut_off(self) -> None:
        """Asterisk has ended: the operator has missed nothing."""
        if self.connected:
            self.gone(0)
        else:
            self.withdraw()

    async def look_again(self) -> None:
        await self._saying.look_again()

    # What the conversation tells

    def withdraw(self) -> None:
        self.withdrawn = True
        self._gone.set()

    def caller_left(self) -> None:
        self._caller_left.set()

    def hand_over(self, conversation: "Conversation") -> None:
        """From now on it works for the call that a callback has become, or for the one that it was asked about."""
        self._conversation = conversation

    async def dismiss(self, prompt: str) -> None:
        """Tell the operator why nothing comes of it, and hang up."""
        await self._say(prompt)
        self.hang_up()

    def hang_up(self) -> None:
        self._gone.set()

    async def run(self) -> None:
        await self._live(self._offer(self._exchange.legs.get(self.phone)))

    async def go_on(self) -> None:
        """The conversation was begun by another controller."""
        self.ready = self.connected = True
        await self._live(self._come_over())

    async def _live(self, life: Coroutine[Any, Any, None]) -> None:
        exchange = self._exchange
        exchange.add(self.channel, self)
        exchange.legs[self.phone] = self
        try:
            await life
        except AriError as error:
            if not error.gone:
                log.error("an operator's leg failed: %s", error, extra={"call": self._conversation.call})
        finally:
            self.over = True
            exchange.remove(self.channel)
            try:
                await exchange.ari.hang_up(self.channel)
            except AriError as error:
                log.error("an operator's leg may still be up: %s", error, extra={"call": self._conversation.call})
            self.parted.set()
            if exchange.legs.get(self.phone) is self:
                del exchange.legs[self.phone]
            self._conversation.leg_over(self, absent=self._cause in ABSENT)

    async def _come_over(self) -> None:
        if await fetch(self._exchange.ari, self.channel, self._conversation.call, self._answer, self._gone):
            await self._serve()

    async def _offer(self, former: "Leg | None") -> None:
        exchange, conversation = self._exchange, self._conversation
        if former:  # else a phone with one line would say that it is busy
            await first(FAREWELL, former.parted, self._gone)
        if self._gone.is_set():
            return
        await exchange.ari.originate(
            self.channel,
            f"PJSIP/{self.phone}",
            arguments=("offer", conversation.call),
            caller_id=f'"{conversation.queue}" <{conversation.language}>',
            wideband=conversation.wideband,
            ring=self._ring + 5,  # the router ends the ringing; this is for when it cannot
        )
        if not await self._first(self._answer):
            return
        exchange.floor.take(acd.Accepted(conversation.call, self.operator))
        if self.withdrawn:
            return
        conversation.leg_answered(self)
        values = {"queue": conversation.queue, "language": conversation.language, "reason": conversation.reason}
        await self._say(conversation.whisper, **values)
        if self._gone.is_set():
            return
        self.ready = True
        conversation.leg_ready(self)
        await self._serve()

    async def _serve(self) -> None:
        if await self._first(self._caller_left):
            await self._ask_disposition()

    async def _ask_disposition(self) -> None:
        exchange, conversation = self._exchange, self._conversation
        operator = exchange.floor.operator(self.operator)
        until = operator.wrap_up_until if operator and operator.presence == "wrap-up" else time.monotonic() + KEY_WAIT
        while not self._keys.empty():  # keys pressed during the conversation were not meant for us
            self._keys.get_nowait()
        await self._saying.begin("disposition")
        while not self._gone.is_set() and (left := until - time.monotonic()) > 0:
            key = asyncio.ensure_future(self._keys.get())
            gone = asyncio.ensure_future(self._gone.wait())
            done, pending = await asyncio.wait({key, gone}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            if key in done and (disposition := KEYS.get(key.result())):
                await conversation.dispose(self.operator, disposition)
                await self._saying.stop()
                await self._say("disposition-saved")
                return

    async def _say(self, prompt: str, /, **values: str) -> None:
        await self._saying.begin(prompt, **values)
        await self._first(self._saying.heard)

    async def _first(self, wanted: asyncio.Event) -> bool:
        """Wait until `wanted`, or until the phone is gone; True for the former."""
        await first(None, wanted, self._gone)
        return not self._gone.is_set()
