"""What is left in Asterisk of nobody's: bridges and channels that a crash, or an answer that was lost, has left behind.

What is looked at may just be being made, or ended. So only what is found in two looks, one after the other, goes. Each
controller looks at the channels of its own application, one on each Asterisk at its bridges.
"""

import logging
import re
from collections.abc import Collection, Iterable

from ivr.ari import ids
from ivr.ari.events import Bridge
from ivr.calls.exchange import Exchange
from ivr.calls.takeover import Takeover
from ivr.store import calls

log = logging.getLogger(__name__)
_OURS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-")


def is_ours(name: str) -> bool:
    """Whether it is named after a call (`ivr.ari.ids`): no citizen's channel, and nothing that somebody else made."""
    return bool(_OURS.match(name))


def nobodys(bridges: Iterable[Bridge], live: Collection[str]) -> set[str]:
    """Bridges of ours in which nobody is, or whose call is none of `live`."""
    return {one.id for one in bridges if is_ours(one.id) and not (one.channels and ids.call_of(one.id) in live)}


class Orphans:
    def __init__(self, exchange: Exchange, takeover: Takeover) -> None:
        self._exchange, self._takeover = exchange, takeover
        self._bridges: set[str] = set()  # of the last look
        self._channels: set[str] = set()

    async def look_at_bridges(self) -> None:
        """For one on each Asterisk."""
        ari, writer = self._exchange.ari, self._exchange.writer
        if not ari.up or not writer.settled:
            return
        there = await ari.bridges()
        live = {row.id for row in await writer.run(calls.live)} | self._exchange.own
        found = nobodys(there, live)
        for bridge in found & self._bridges:
            log.warning("a bridge that is nobody's goes", extra={"call": ids.call_of(bridge)})
            await ari.destroy_bridge(bridge)
        self._bridges = found

    async def look_at_channels(self) -> None:
        """Those in our application that nobody here has."""
        exchange = self._exchange
        if not exchange.ari.up or not exchange.writer.settled:
            return
        found = set(await exchange.ari.channels_of(exchange.ari.app)) - exchange.channels
        again = found & self._channels
        for channel in filter(is_ours, again):
            log.warning("a channel that is nobody's is hung up", extra={"call": ids.call_of(channel)})
            await exchange.ari.hang_up(channel, 41)
        if any(not is_ours(channel) for channel in again):
            await self._takeover.sweep(exchange.controller)
        self._channels = found
