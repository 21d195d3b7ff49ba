"""Which phones Asterisk can reach, told to the floor.

Asterisk asks each registered phone every QUALIFY seconds whether it is there (OPTIONS); one that has not answered after
PATIENCE is gone. We ask Asterisk every second: so a phone without power or network is known to be gone within 5 s. The
events for it (`PeerStatusChange`) are not used: whoever subscribes to an account also gets the events of its channels,
and would hear each key twice. An Asterisk that is slow to answer us hears the phones late as well: then nobody is
believed to be gone.

An operator whose phone is gone is `unreachable`; when it is back they stand where they stood: ready only if they were
ready, in the same pause otherwise (`ivr/acd/router.py`). A conversation goes on: its sound is watched by Asterisk.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator

from ivr.acd import words as acd
from ivr.acd.floor import Floor
from ivr.acd.state import Operator
from ivr.ari.client import Ari

QUALIFY, PATIENCE = 2.0, 1.0
# After a start Asterisk has not asked every phone yet: that one is gone is believed after so long.
FIRST_ROUND = QUALIFY + PATIENCE + 1.0
SLOW = 0.3  # seconds for an answer that takes it 6 ms


class Reach:
    def __init__(self, ari: Ari, floor: Floor) -> None:
        self._ari, self._floor = ari, floor
        self._sure_at = 0.0

    async def renew(self) -> None:
        """After each connecting: Asterisk may have been restarted."""
        self._sure_at = asyncio.get_running_loop().time() + FIRST_ROUND

    async def look(self) -> None:
        """Tell the leading floor what is new; nothing while Asterisk is away. Raises AriError."""
        if not self._ari.up:
            return
        clock = asyncio.get_running_loop().time
        begun = clock()
        online = await self._ari.online()
        sure = begun >= self._sure_at and clock() - begun < SLOW
        for event in list(news(self._floor.state.operators.values(), online)):
            if sure or isinstance(event, acd.Reached):
                self._floor.take(event)


def news(operators: Iterable[Operator], online: Collection[str]) -> Iterator[acd.Vanished | acd.Reached]:
    """Where operators at work and their phones differ. Pure."""
    for one in operators:
        there = one.phone in online
        if one.presence != "signed-out" and there != one.reachable:
            yield acd.Reached(one.code) if there else acd.Vanished(one.code)
