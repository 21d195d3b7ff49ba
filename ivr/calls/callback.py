"""One callback: it waits in its queue in the caller's stead; when an operator has accepted, the citizen is rung.

waiting → (an operator accepts, hears that it is a callback) → ringing → answered: a `Session` like any other, which has
its operator already. Every way out settles the wish in the store, once.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session as StoreSession

from ivr.acd import words as acd
from ivr.ari import ids
from ivr.ari.errors import AriError
from ivr.calls import caller, due
from ivr.calls.exchange import Exchange
from ivr.calls.first import first
from ivr.calls.leg import Leg
from ivr.calls.offers import Offers
from ivr.calls.rung import GRACE, Rung
from ivr.calls.session import Session
from ivr.flow import words
from ivr.flow.callback_flow import with_callback
from ivr.publishing.versions import Version
from ivr.store import callbacks, writes
from ivr.store.schema import CallbackRequest

log = logging.getLogger(__name__)
PAUSE = 10.0  # seconds until a callback that found nobody at work, or lost its operator, takes its turn again


@dataclass(frozen=True)
class Terms:
    """`again`: seconds from each try to the next; `ring`: seconds; `least`: see the settings' section `callbacks`."""

    again: Sequence[float]
    ring: float
    least: float


class Callback(Rung):
    """`call` is the id that its call will have when the citizen answers, and that of its attempt until then."""

    whisper, reason, wideband = "whisper-callback", "", False

    def __init__(
        self, exchange: Exchange, wish: CallbackRequest, call: str, called: str, version: Version, terms: Terms
    ):
        super().__init__(ids.outside_channel(call, 0))  # the citizen's phone
        self.call, self.queue, self.language, self.wish = call, wish.queue, wish.language, wish
        self._exchange, self._called, self._version, self._terms = exchange, called, version, terms
        self._leg: Leg | None = None  # who accepted
        self._offers = Offers(exchange)
        self._ready, self._over = asyncio.Event(), asyncio.Event()
        self._ringing = False

    # What the floor tells

    def offer(self, operator: str, phone: str, ring: float) -> None:
        self._offers.make(self, operator, phone, ring)

    def withdraw(self, operator: str, missed: bool) -> None:
        self._offers.withdraw(operator)

    def leave_queue(self, exit: str) -> None:
        self._over.set()

    def announce(self, position: int, wait: float | None) -> None:
        """There is nobody yet to tell it to."""

    # What an operator's leg tells

    def leg_answered(self, leg: Leg) -> None:
        self._leg = leg

    def leg_ready(self, leg: Leg) -> None:
        if leg is self._leg:
            self._ready.set()

    def leg_over(self, leg: Leg, *, absent: bool) -> None:
        self._offers.over(leg)
        if leg is self._leg:
            self._leg = None
            missed = acd.Missed(self.call, leg.operator, absent)
            self._exchange.floor.take(missed if leg.left else acd.Finished(self.call, spoken=False))
            self._over.set()
        elif not leg.withdrawn:
            self._exchange.floor.take(acd.Missed(self.call, leg.operator, absent))

    async def dispose(self, operator: str, disposition: str) -> None:
        """There is no conversation yet that could have an outcome."""

    def stop(self) -> None:
        """It is no longer ours to make: cancelled, or the queue has closed. A phone that rings rings on."""
        if not self._ringing:
            self._over.set()

    async def run(self) -> None:
        exchange, wish = self._exchange, self.wish
        waited = (datetime.now(UTC) - wish.since).total_seconds()
        place = acd.Arrived(
            self.call,
            wish.queue,
            tuple(wish.skills),
            wish.priority,
            waited=max(waited, 0.001),
            terms=self._version.queues[wish.queue],
            language=wish.language,
        )
        exchange.floor.enter(self, place)
        settled = False
        try:
            await first(None, self._ready, self._over)
            if self._ready.is_set() and not self._over.is_set() and self._leg:
                self._ringing = await exchange.writer.run(self._begin_try)
                if self._ringing:
                    result = await self._call(self._leg)
                    settled = await exchange.writer.run(lambda session: self._end_try(session, result))
        except Exception:
            log.exception("a callback failed", extra={"call": self.call})
        finally:
            await self._clear()
            if not settled:
                later = datetime.now(UTC) + timedelta(seconds=PAUSE)
                await exchange.writer.run(lambda session: callbacks.release(session, wish.call_id, self.call, later))

    def _begin_try(self, session: StoreSession) -> bool:
        operator = self._leg.operator if self._leg else ""
        return callbacks.ring(session, self.wish.call_id, self.call, operator, datetime.now(UTC))

    def _end_try(self, session: StoreSession, result: str) -> bool:
        now = datetime.now(UTC)
        next_try = due.again(self.wish.tries + 1, now, self._terms.again)
        return callbacks.end_try(session, self.wish.call_id, self.call, result, now, next_try)

    async def _call(self, leg: Leg) -> str:
        """Ring the citizen; what became of it (`CallbackTry.result`)."""
        exchange = self._exchange
        exchange.add(self.channel, self)
        try:
            await exchange.ari.ring(leg.channel)
            await exchange.ari.originate(
                self.channel,
                f"PJSIP/outside/sip:{self.wish.number}@{exchange.trunk}",
                arguments=("outside", self.call),
                caller_id=self._called,
                ring=self._terms.ring,
            )
            await first(self._terms.ring + GRACE, self.there, self.ended, self._over)
            await exchange.ari.stop_ringing(leg.channel)
        except AriError as error:
            if not error.gone:
                log.error("a callback could not be made: %s", error, extra={"call": self.call})
        if self.there.is_set() and not self.ended.is_set():
            return await self._talk()
        exchange.remove(self.channel)
        await exchange.ari.hang_up(self.channel)
        if self._over.is_set():
            return "operator-left"
        await leg.dismiss("callback-unreached")
        return due.why(self.cause)

    async def _talk(self) -> str:
        """From here on it is a call as any other."""
        exchange, wish = self._exchange, self.wish
        book, flow = with_callback(self._version.book, wish.queue)
        version = replace(self._version, book=book)
        now, who = datetime.now(UTC), caller.identify(wish.number)
        exchange.own.add(self.call)
        beginning = writes.Beginning(
            id=self.call,
            channel=self.channel,
            controller=exchange.controller,
            called=self._called,
            caller=wish.number,
            flow=flow,
            version=version.number,
            started_at=now,
            callback_of=wish.call_id,
        )
        await exchange.writer.run(writes.StartCall(beginning))
        facts = words.Facts(
            self.call, self._called, wish.number, district=who.district, country=who.country, calls_today=0
        )
        session = Session(exchange, self.call, self.channel, version, flow, facts, language=wish.language)
        if self.ended.is_set():
            session.gone(16)
        session.bring(self._leg, wish.queue)
        self._leg = None
        await session.run()
        return due.verdict(session.state.operator, session.talked, session.left_first, self._terms.least)

    async def _clear(self) -> None:
        self._exchange.remove(self.channel)
        leg = self._leg
        if leg:
            self._exchange.floor.take(acd.Finished(self.call, spoken=False))
            leg.withdraw()
        self._exchange.floor.take(acd.Left(self.call))
