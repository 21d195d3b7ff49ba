"""A number outside that a caller is transferred to: rung over the trunk, joined with the caller when it answers."""

import logging
from typing import TYPE_CHECKING

from ivr.ari import ids
from ivr.ari.errors import AriError
from ivr.calls.exchange import Exchange
from ivr.calls.fetch import fetch
from ivr.calls.rung import Rung
from ivr.flow import words

if TYPE_CHECKING:
    from ivr.calls.session import Session

log = logging.getLogger(__name__)


class Outside(Rung):
    def __init__(self, exchange: Exchange, session: "Session", asked: words.Transfer) -> None:
        super().__init__(ids.outside_channel(session.call, asked.id))
        self._exchange, self._session, self._asked = exchange, session, asked
        self._bridge = f"{self.channel}-bridge"

    async def run(self) -> None:
        """Tells the session `TransferEnded` in the end, whatever happened."""
        exchange, session, spoke = self._exchange, self._session, False
        exchange.add(self.channel, self)
        try:
            if self._asked.answered:
                spoke = True
                if await fetch(exchange.ari, self.channel, session.call, self.there, self.ended):
                    await self.ended.wait()
                return
            if not exchange.trunk:
                raise AriError("transfer", 0, "sip.trunk_to of the settings names no trunk for calls to the outside")
            await exchange.ari.ring(session.channel)
            await exchange.ari.originate(
                self.channel,
                f"PJSIP/outside/sip:{self._asked.to}@{exchange.trunk}",
                arguments=("outside", session.call),
                caller_id=session.facts.called,
                ring=self._asked.timeout,
            )
            if await self.reached(self._asked.timeout):
                spoke = True
                session.told(words.TransferAnswered(self._asked.id))
                await exchange.ari.make_bridge(self._bridge)
                await exchange.ari.join(self._bridge, [session.channel, self.channel])
                await self.ended.wait()
        except AriError as error:
            if not error.gone:
                log.error("a transfer failed: %s", error, extra={"call": session.call})
        finally:
            exchange.remove(self.channel)
            await self._clear()
            session.told(words.TransferEnded(self._asked.id, spoke))

    async def _clear(self) -> None:
        ari = self._exchange.ari
        try:
            await ari.stop_ringing(self._session.channel)
            await ari.hang_up(self.channel)
            await ari.destroy_bridge(self._bridge)
        except AriError as error:
            log.error("a transfer's leg may still be up: %s", error, extra={"call": self._session.call})
