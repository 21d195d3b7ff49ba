"""The offers of one call: whose phones ring for it, or have been answered.

An offer that the floor has taken back is over for it at once, whatever the phone still does: Asterisk may need a while
to end the ringing, and the same operator may have the next offer of the same call by then. So of a withdrawn leg the
floor is told nothing more (`Leg.withdrawn`).
"""

from typing import TYPE_CHECKING

from ivr.calls.exchange import Exchange
from ivr.calls.leg import Leg

if TYPE_CHECKING:
    from ivr.calls.callback import Callback
    from ivr.calls.consult import Consult
    from ivr.calls.conversation import Conversation


class Offers:
    """`number`: of the newest, counted from 1 in each call."""

    def __init__(self, exchange: Exchange) -> None:
        self.number = 0
        self._exchange = exchange
        self._legs: dict[str, Leg] = {}

    def make(self, call: "Conversation | Consult | Callback", operator: str, phone: str, ring: float) -> None:
        self.number += 1
        leg = self._legs[operator] = Leg(self._exchange, call, operator, phone, self.number, ring)
        self._exchange.go(leg.run())

    def take_over(self, leg: Leg) -> None:
        """A leg that has answered elsewhere."""
        self._legs[leg.operator], self.number = leg, leg.number

    def withdraw(self, operator: str) -> bool:
        """False when nothing is offered to them."""
        leg = self._legs.pop(operator, None)
        if leg:
            leg.withdraw()
        return leg is not None

    def withdraw_all(self) -> None:
        for operator in list(self._legs):
            self.withdraw(operator)

    def over(self, leg: Leg) -> None:
        """The leg has ended."""
        if self._legs.get(leg.operator) is leg:
            del self._legs[leg.operator]

    def to(self, operator: str) -> bool:
        """Whether their phone is rung, or they have answered."""
        return operator in self._legs
