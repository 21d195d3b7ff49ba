"""The other controllers: each is asked a few times a second whether it is there. Who is gone is told once.

Those on other Asterisks are watched, too, so that nobody waits for one that is gone; their calls are not taken.

Asterisk says nothing when a controller dies. A connection that closes tells of a death at once; of one that hangs, that
it does not answer. Whoever stood still themselves judge nobody by it: the answers may be waiting to be read.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

import msgspec

from ivr.calls.heirs import ASLEEP, HANGS, SILENCE, Seen
from ivr.link.client import Client
from ivr.link.key import Key
from ivr.link.messages import LinkError, Refused
from ivr.link.server import HOST
from ivr.store.schema import Controller

log = logging.getLogger(__name__)
PERIOD = 0.2  # seconds from one question to the next
LOOK = 0.1
SAME = 0.001  # seconds; as exactly as the store keeps times


class AreYouThere(msgspec.Struct):
    """To another controller; it answers `Here`."""


class Here(msgspec.Struct):
    """`begun`: seconds since 1970. `asterisk`: whether its line to Asterisk stands."""

    begun: float
    asterisk: bool


class Neighbours:
    """`machines`: the addresses of ours and of the one that has Asterisk. `hears_asterisk`: whether we do; `on_gone`
    is called with the name of one that is gone, each time it is, and whether it was on our own `asterisk`."""

    def __init__(
        self,
        name: str,
        token: Key | str,
        hears_asterisk: Callable[[], bool],
        on_gone: Callable[[str, bool], Awaitable[object]],
        asterisk: str = "asterisk",
        machines: tuple[str, str] = (HOST, HOST),
    ) -> None:
        self._machine, self._with_asterisk = machines
        self._name, self._token, self._hears, self._on_gone = name, token, hears_asterisk, on_gone
        self._asterisk = asterisk
        self._others: dict[str, _Other] = {}
        self._looked = 0.0
        self._telling: set[asyncio.Future[object]] = set()

    @property
    def there(self) -> list[str]:
        """The others that are there on our Asterisk, as far as is known."""
        return [name for name, other in self._others.items() if not other.gone and self._beside(other)]

    @property
    def answering(self) -> list[str]:
        """All that are there, on whatever Asterisk."""
        return [name for name, other in self._others.items() if not other.gone]

    @property
    def first(self) -> bool:
        """Whether we are the one who speaks with our Asterisk for all that are on it: one on its machine, if any is."""
        others = [
            (other.machine != self._with_asterisk, name)
            for name, other in self._others.items()
            if not other.gone and self._beside(other)
        ]
        me = (self._machine != self._with_asterisk, self._name)
        return min([me, *others]) == me

    def local(self, name: str) -> bool:
        """Whether one is on this machine, so that its lock and its process can be looked at."""
        if self._machine == HOST:
            return True  # there are no others
        other = self._others.get(name)
        return other is not None and other.machine == self._machine

    def forget(self) -> None:
        """We are cut off: whoever is silent is so because of us. They are seen anew with the store's next word."""
        self.close()
        self._others.clear()

    def hangs(self, name: str) -> int:
        """The process of one that has not answered for HANGS seconds; 0 when none is, or we have just stood still."""
        other, now = self._others.get(name), time.monotonic()
        if other is None or not other.gone or other.seen.refused or now - self._looked > ASLEEP:
            return 0
        return other.process if now - other.seen.heard > HANGS else 0

    def _beside(self, other: "_Other") -> bool:
        return other.asterisk == self._asterisk

    @property
    def known(self) -> list[str]:
        """The others that have told the store of themselves lately, or answer."""
        return list(self._others)

    def look(self, alive: list[Controller]) -> None:
        """These have told the store of themselves lately."""
        rows = {row.id: row for row in alive if row.id != self._name}
        for name, other in list(self._others.items()):
            row = rows.get(name)
            if other.gone if row is None else row.started_at.timestamp() != other.begun:
                other.close()  # it has begun anew, or nothing more is to be told of it
                del self._others[name]
        for name in rows.keys() - self._others.keys():
            row = rows[name]
            self._others[name] = _Other(row.address, row.started_at.timestamp(), self._token, row.asterisk, row.pid)

    async def run(self) -> None:
        self._looked = time.monotonic()
        while True:
            await asyncio.sleep(LOOK)
            now, hears = time.monotonic(), self._hears()
            asleep, self._looked = now - self._looked > ASLEEP, now
            for name, other in list(self._others.items()):
                if asleep:
                    other.seen.heard = now
                beside = self._beside(other)
                if not hears or not beside:  # whoever lost Asterisk with us has as much time as we to find it again
                    other.seen.deaf = None
                why = other.seen.gone(now, hears_asterisk=hears or not beside)
                if why and not other.gone:
                    log.error("controller %s is gone: %s", name, why)
                    other.gone = True
                    told = asyncio.ensure_future(self._on_gone(name, beside))
                    self._telling.add(told)
                    told.add_done_callback(self._told)
                elif not why and other.gone and not other.seen.refused:
                    log.warning("controller %s is back", name)
                    other.gone = False

    def _told(self, told: "asyncio.Future[object]") -> None:
        self._telling.discard(told)
        if not told.cancelled() and (error := told.exception()):
            log.error("what is to be done about a controller that is gone has failed", exc_info=error)

    def close(self) -> None:
        for other in self._others.values():
            other.close()


class _Other:
    def __init__(self, address: str, begun: float, token: Key | str, asterisk: str, process: int) -> None:
        self.seen, self.gone, self.begun, self.asterisk = Seen(time.monotonic()), False, begun, asterisk
        self.process, self.machine = process, address.rpartition(":")[0]
        self._task = asyncio.create_task(self._ask(address, token))

    def close(self) -> None:
        self._task.cancel()

    def _refused(self) -> None:
        self.seen.refused = True

    async def _ask(self, address: str, token: Key | str) -> None:
        async with Client(address, token, on_refused=self._refused) as client:
            while True:
                with contextlib.suppress(LinkError, Refused):
                    here: Here = await client.ask(AreYouThere(), Here, within=SILENCE)
                    self._answered(here)
                await asyncio.sleep(PERIOD)

    def _answered(self, here: Here) -> None:
        self.seen.heard, self.seen.answered = time.monotonic(), True
        self.seen.refused = abs(here.begun - self.begun) > SAME  # another process is at that address by now
        if here.asterisk:
            self.seen.deaf = None
        elif self.seen.deaf is None:
            self.seen.deaf = self.seen.heard
