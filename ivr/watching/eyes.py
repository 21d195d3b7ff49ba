"""Looks at everything that has an alarm, from outside: each part is asked as whoever needs it would ask.

A part that hangs is as gone as one that is dead, so every answer has its time.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp

from asterisk_conf.render import ARI_USER
from ivr.link.key import Key, key
from ivr.settings import Settings
from ivr.store import anonymisations, controllers, outbox
from ivr.store.database import Database, StoreError
from ivr.watching import place

WITHIN = 3.0  # seconds for any answer


@dataclass(frozen=True)
class Stored:
    """What the store tells. `controllers`: name → address."""

    controllers: dict[str, str]
    tickets: outbox.Standing
    copies: anonymisations.Figures


class Eyes:
    """`is_up`: whether `ivr up` lives, None when these programs were not started by it. `shown`: on links."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        password: str,
        is_up: Callable[[], bool | None],
        shown: Key | str = "",
    ) -> None:
        self._key = key(shown)
        self._settings, self._database, self._is_up = settings, database, is_up
        self._auth = {"Authorization": aiohttp.encode_basic_auth(ARI_USER, password)}
        self._reading: asyncio.Future[Stored] | None = None
        self._controllers: dict[str, str] = {}  # as known last
        self.ready: dict[str, bool] = {}  # whether a call would be taken now; one is also while the store is away

    async def look(self) -> dict[str, str]:
        """Condition → what is wrong, "" when nothing is; one that could not be looked at is left out."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(WITHIN)) as http:
            stored, (asterisk, taken), web = await asyncio.gather(
                self._stored(), self._asterisks(http), self._web(http)
            )
            if stored and stored.controllers:  # without Asterisk they do not beat, and are still asked
                self._controllers = stored.controllers
            calls = await self._calls(http)
        self.ready = {"calls": not calls, "asterisk": taken}
        away = "" if stored else f"the store does not answer: {self._database.name}"
        found = {"calls": calls, "asterisk": asterisk, "web": web, "store": away, "up": self._up()}
        found |= await asyncio.to_thread(self._place)
        return found | (late(stored, self._settings) if stored else {})

    async def _stored(self) -> Stored | None:
        """None: it does not answer. One question at a time, however long it hangs."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.ensure_future(asyncio.to_thread(self._read))
            self._reading.add_done_callback(lambda done: done.cancelled() or done.exception())
        with suppress(StoreError, TimeoutError):
            return await asyncio.wait_for(asyncio.shield(self._reading), WITHIN)
        return None

    def _read(self) -> Stored:
        now = datetime.now(UTC)
        with self._database.read() as session:
            alive = {one.id: one.address for one in controllers.alive(session, now)}
            return Stored(alive, outbox.standing(session, now), anonymisations.figures(session))

    async def _asterisks(self, http: aiohttp.ClientSession) -> tuple[str, bool]:
        """What is wrong with them, and whether any can be called."""
        settings, numbers = self._settings, range(1, self._settings.asterisks.count + 1)
        problems = await asyncio.gather(*(self._asterisk(http, settings.ports_of(one).ari) for one in numbers))
        before = await _listens(settings.sip.listen, settings.ports.sip) if settings.proxied else ""
        told = [
            *problems,
            before and f"Kamailio cannot be called at {settings.sip.listen}:{settings.ports.sip}: {before}",
        ]
        return "; ".join(filter(None, told)), not before and not all(problems)

    async def _asterisk(self, http: aiohttp.ClientSession, port: int) -> str:
        problem = await _ask(http, f"http://127.0.0.1:{port}/ari/asterisk/ping", self._auth)
        return f"Asterisk does not answer at its port {port}: {problem}" if problem else ""

    async def _web(self, http: aiohttp.ClientSession) -> str:
        host, port = self._settings.web.listen, self._settings.ports.web
        problem = await _ask(http, f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}/healthz")  # noqa: S104
        return f"the pages do not answer at {host}:{port}: {problem}" if problem else ""

    async def _calls(self, http: aiohttp.ClientSession) -> str:
        asked = {name: self._readyz(http, address) for name, address in self._controllers.items()}
        answers = dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))
        if answers and not all(answers.values()):
            return ""
        told = "; ".join(f"{name}: {problem}" for name, problem in answers.items())
        return f"no controller can take calls: {told or 'none is known'}"

    async def _readyz(self, http: aiohttp.ClientSession, address: str) -> str:
        encrypted, trusted = self._key.to(address)
        return await _ask(http, f"http{encrypted}://{address}/readyz", trusted=trusted)

    def _up(self) -> str:
        return "`ivr up` is gone: what ends now is not started again" if self._is_up() is False else ""

    def _place(self) -> dict[str, str]:
        limits, now = self._settings.alarms, datetime.now(UTC)
        found = {"spool": "", "disk": "", "certificates": ""}
        with suppress(OSError):  # a folder that is being changed is looked at again
            idle = place.spooled(self._settings.spool).idle
            if idle > limits.recordings_after:
                found["spool"] = f"a recording has been in the spool, and left alone, for {idle / 60:.0f} minutes"
        if (free := place.free(self._settings.data)) < limits.disk_free:
            found["disk"] = f"{free:.0f} MiB are free on the disk of {self._settings.data}"
        found["certificates"] = "; ".join(
            f"{one.file}: {one.problem or f'ends in {one.days(now):.0f} days'}"
            for one in place.certificates(place.watched(self._settings))
            if one.days(now) < limits.certificate_days
        )
        return found


def late(stored: Stored, settings: Settings) -> dict[str, str]:
    """What waits for too long; pure."""
    tickets, copies, found = stored.tickets, stored.copies, {"tickets": "", "recordings": ""}
    if tickets.alarms(settings.tickets.alarm_after):
        found["tickets"] = f"{tickets.pending} tickets are due, the oldest for {tickets.lag / 60:.0f} minutes"
        found["tickets"] += f", {tickets.failed} set aside: `ivr tickets list --failed`" if tickets.failed else ""
    if copies.failed or copies.oldest > settings.alarms.recordings_after:
        found["recordings"] = (
            f"{copies.waiting} recordings wait for their copy, one for {copies.oldest / 60:.0f} minutes"
        )
        found["recordings"] += f", {copies.failed} set aside: `ivr recordings pending`" if copies.failed else ""
    return found


async def _ask(
    http: aiohttp.ClientSession,
    address: str,
    headers: Mapping[str, str] | None = None,
    trusted: ssl.SSLContext | bool = True,
) -> str:
    """ "" for 200, else what was answered, or why nothing was."""
    try:
        async with http.get(address, headers=headers, allow_redirects=False, ssl=trusted) as answer:
            return "" if answer.status == 200 else f"{answer.status} {(await answer.text())[:200]}"
    except TimeoutError:
        return f"no answer within {WITHIN:.0f} s"
    except (aiohttp.ClientError, OSError) as error:
        return str(error)


async def _listens(host: str, port: int) -> str:
    """Why nobody can connect there, "" when somebody can."""
    try:
        async with asyncio.timeout(WITHIN):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        return str(error) or type(error).__name__
    writer.close()
    return ""
