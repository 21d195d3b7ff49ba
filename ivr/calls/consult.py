"""Asking another operator, or a queue, about a call. For the router it is a call of its own, whose caller is the
operator who asks: so nobody is rung who has another call, and who is asked has their own wrap-up."""

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ivr.acd import words as acd
from ivr.acd.state import is_personal
from ivr.ari import ids
from ivr.calls.exchange import Exchange
from ivr.calls.leg import Leg
from ivr.calls.offers import Offers

if TYPE_CHECKING:
    from ivr.calls.conversation import Conversation


class Consult:
    """Tells the conversation `other_ready` when somebody has answered, and `other_gone` once, when nobody comes or they
    have left. `leg`: who has answered."""

    def __init__(self, exchange: Exchange, conversation: "Conversation", number: int, arrived: acd.Arrived) -> None:
        self.call: str = ids.consult(conversation.call, number)
        self.queue, self.language, self.reason = conversation.queue, conversation.language, conversation.reason
        self.whisper, self.wideband = conversation.whisper, conversation.wideband
        self.leg: Leg | None = None
        self._exchange, self._conversation, self._arrived = exchange, conversation, arrived
        self._offers = Offers(exchange)
        self._over = False

    def begin(self) -> None:
        self._begun = time.monotonic()
        self._exchange.floor.enter(self, self._arrived)

    def end(self) -> None:
        """Let go of whoever is asked. Does no harm twice."""
        if not self._over:
            self._over = True
            if self.leg and not self.leg.connected:
                self._exchange.floor.take(acd.Finished(self.call, spoken=False))
            self._exchange.floor.take(acd.Left(self.call))
            self._offers.withdraw_all()

    def _lost(self) -> None:
        if not self._over:
            self.end()
            self._conversation.other_gone(self)

    # What the floor tells

    def offer(self, operator: str, phone: str, ring: float) -> None:
        self._offers.make(self, operator, phone, ring)

    def withdraw(self, operator: str, missed: bool) -> None:
        self._offers.withdraw(operator)

    def leave_queue(self, exit: str) -> None:
        self._lost()

    def announce(self, position: int, wait: float | None) -> None:
        """Who asks sees how long it takes, and comes back when they like."""

    # What the other's leg tells

    def leg_answered(self, leg: Leg) -> None:
        self.leg = leg

    def leg_ready(self, leg: Leg) -> None:
        self._exchange.go(self._conversation.other_ready(self, leg))

    def leg_over(self, leg: Leg, *, absent: bool) -> None:
        self._offers.over(leg)
        accepted = leg is self.leg
        if leg.connected or self._over:
            if accepted:
                self._lost()
            return
        if accepted:
            self.leg = None
        if not leg.withdrawn:
            self._exchange.floor.take(acd.Missed(self.call, leg.operator, absent))
        if is_personal(self._arrived.queue) and not self._offers.to(leg.operator):
            self._lost()
        elif accepted:
            waited = max(time.monotonic() - self._begun, 0.001)
            self._exchange.floor.enter(self, replace(self._arrived, waited=waited))

    async def dispose(self, operator: str, disposition: str) -> None:
        await self._conversation.dispose(operator, disposition)
