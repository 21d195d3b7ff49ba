"""A call and its operators: the place in a queue, the offers, who answered, the two connected and on tape, and apart
again.

The session of the call asks (`wanted`, `connect`) and tells what happens (`before`); the floor and the operators' legs
tell the rest.
"""

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ivr.acd import words as acd
from ivr.ari import ids
from ivr.ari.errors import AriError
from ivr.calls.exchange import Exchange
from ivr.calls.leg import Leg
from ivr.flow import words
from ivr.store import calls

if TYPE_CHECKING:
    from ivr.calls.session import Session

log = logging.getLogger(__name__)


class Conversation:
    """`waited` and `talked`: seconds in all. `disposition`: what an operator said of it, "" for nothing yet. `asked`:
    what the flow asked for last."""

    whisper = "whisper"

    def __init__(self, exchange: Exchange, session: "Session") -> None:
        self.call = session.call
        self.waited = self.talked = 0.0
        self.disposition = ""
        self._exchange, self._session = exchange, session
        self._legs: dict[str, Leg] = {}
        self._leg: Leg | None = None  # who answered
        self._offers = 0
        self._wants_connection = False
        self._recording, self._part = "on", 0
        self.asked: words.Enqueue | None = None
        self._queued_at = 0.0
        self._talk_since = 0.0

    @property
    def queue(self) -> str:
        return self.asked.queue if self.asked else ""

    @property
    def language(self) -> str:
        return self._session.language

    @property
    def wrap_up(self) -> float:
        """Seconds that an operator has for the disposition."""
        return self._session.version.queues[self.asked.queue].wrap_up if self.asked else 0.0

    # What the session tells

    def wanted(self, asked: words.Enqueue) -> None:
        """The flow asks for an operator."""
        self.asked = asked
        if self._leg:  # who has called back
            self._session.told(words.OperatorAnswered(self._leg.operator))
            return
        self._queued_at = time.monotonic()
        self._enter_queue()

    def bring(self, leg: Leg) -> None:
        """An operator has accepted before the flow asks for one."""
        self._leg, self._legs, self._offers = leg, {leg.operator: leg}, leg.number
        leg.hand_over(self)

    def unwanted(self) -> None:
        """The caller goes elsewhere."""
        self._stop_waiting()
        self._exchange.floor.take(acd.Left(self.call))

    def _stop_waiting(self) -> None:
        if self._queued_at:
            self.waited += time.monotonic() - self._queued_at
            self._queued_at = 0.0

    async def connect(self, recording: str) -> None:
        """The caller has heard the operator's code. `recording`: `on`, `off` or `paused`."""
        self._wants_connection, self._recording = True, recording
        if self._leg and self._leg.ready:
            await self._join(self._leg)

    async def before(self, event: words.Event) -> None:
        """What is ours to do about an event, before the flow hears of it."""
        match event:
            case words.OperatorLeft():
                await self._separate()
            case words.OperatorLost():
                self._requeue()
            case words.HungUp():
                await self._separate()
                self._let_operator_go()

    async def end(self) -> None:
        """The call ends: nothing of ours stays up."""
        await self._separate()
        self.unwanted()
        self._let_operator_go()

    # What the floor tells

    def offer(self, operator: str, phone: str, ring: float) -> None:
        self._offers += 1
        leg = self._legs[operator] = Leg(self._exchange, self, operator, phone, self._offers, ring)
        self._session.note("offer", {"operator": operator})
        self._exchange.go(leg.run())

    def withdraw(self, operator: str) -> None:
        if leg := self._legs.get(operator):
            leg.withdraw()

    def leave_queue(self, exit: str) -> None:
        self._stop_waiting()
        self._session.told(words.QueueExit(exit))

    def announce(self, position: int, wait: float | None) -> None:
        self._session.told(words.Announce(position, self._session.world.estimate(wait)))

    # What an operator's leg tells

    def leg_answered(self, leg: Leg) -> None:
        self._leg = leg
        self._stop_waiting()
        self._session.note("operator-answered", {"operator": leg.operator})
        self._session.told(words.OperatorAnswered(leg.operator))

    def leg_ready(self, leg: Leg) -> None:
        if leg is self._leg and self._wants_connection:
            self._exchange.go(self._join(leg))

    def leg_over(self, leg: Leg, *, absent: bool) -> None:
        self._legs.pop(leg.operator, None)
        if leg is not self._leg:
            self._exchange.floor.take(acd.Missed(self.call, leg.operator, absent))
            self._session.note("offer-missed", {"operator": leg.operator})
            return
        self._leg = None
        if self._session.ended:
            return
        if leg.connected:
            self._session.told(words.OperatorLeft(self.disposition))
        else:
            self._session.told(words.OperatorLost())

    async def dispose(self, operator: str, disposition: str) -> None:
        """The operator has given the outcome of this conversation."""
        self.disposition = disposition
        self._session.note("disposition", {"operator": operator, "disposition": disposition})
        now = datetime.now(UTC)
        await self._exchange.writer.run(lambda s: calls.set_disposition(s, self.call, disposition, now))
        self._exchange.floor.take(acd.WrappedUp(operator))

    # Together and apart

    async def _join(self, leg: Leg) -> None:
        """Both are ready: from here on they hear each other, and the tape runs."""
        session = self._session
        if leg.connected or leg.over or session.ended:
            return
        leg.connected, self._wants_connection = True, False
        exchange, bridge = self._exchange, ids.bridge(self.call, leg.number)
        await exchange.ari.make_bridge(bridge)
        await exchange.ari.join(bridge, [session.channel, leg.channel])
        self._talk_since, self._part = time.monotonic(), leg.number
        session.note("connected", {}, leg.operator)
        if self._recording == "off":
            return
        try:
            await exchange.tape.start(session.channel, self.call, str(leg.number), paused=self._recording == "paused")
        except AriError as error:
            # A conversation that cannot be recorded still is a conversation.
            log.error("the conversation is not recorded: %s", error, extra={"call": self.call})
            session.note("recording-failed", {"reason": str(error)})

    async def _separate(self) -> None:
        """The conversation, if there was one, is over."""
        if not self._talk_since:
            return
        exchange, seconds = self._exchange, time.monotonic() - self._talk_since
        self._talk_since, part = 0.0, self._part
        self.talked += seconds
        exchange.floor.take(acd.Finished(self.call))
        self._session.note("conversation-ended", {"seconds": f"{seconds:.1f}"})
        try:
            if self._recording != "off":
                await exchange.tape.stop(self._session.channel, self.call, str(part))
            await exchange.ari.destroy_bridge(ids.bridge(self.call, part))
        except AriError as error:
            if not error.gone:
                log.error("%s", error, extra={"call": self.call})
        if self._recording != "off":
            exchange.go(exchange.tape.keep(self.call, str(part), seconds))

    def _requeue(self) -> None:
        """The operator was lost before the conversation: the caller waits on, in the old place."""
        self._wants_connection = False
        self._exchange.floor.take(acd.Finished(self.call))
        if self.asked:
            self._queued_at = time.monotonic()
            asyncio.get_running_loop().call_soon(self._enter_queue, max(self.waited, 0.001))

    def _enter_queue(self, waited: float = 0.0) -> None:
        if asked := self.asked:
            terms = self._session.version.queues[asked.queue]
            arrived = acd.Arrived(
                self.call, asked.queue, asked.skills, asked.priority, asked.max_wait, waited, terms, self.language
            )
            self._exchange.floor.enter(self, arrived)

    def _let_operator_go(self) -> None:
        if self._leg is not None:
            if self._leg.connected:
                self._leg.caller_left()
            else:
                self._leg.withdraw()
