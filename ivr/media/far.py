"""The end of a controller that is not where Asterisk is: a library and a tape as any controller has, of which the work
is done over there; and whether that machine can be reached at all.

A sound that was made ahead of calls stays where it is, so it is asked for once.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ivr.ari.errors import AriError, Disconnected
from ivr.link.client import Client
from ivr.link.messages import LinkError, Ping, Refused
from ivr.media import messages as m
from ivr.prompts.library import Library, PromptError, Speech

WITHIN = 5.0  # seconds for a sound, or a recording's beginning; `ivr media` is started again within one
PERIOD = 0.1
ANSWER = 0.15  # seconds that a process over there has, and then the machine; see `watch`
MOST = 5000  # sounds of which it is remembered where they are


class FarLibrary(Library):
    """Of version 0: what the house itself says."""

    def __init__(self, client: Client, version: int = 0) -> None:
        super().__init__(Path(), Path())
        self._client, self._version = client, version
        self._lengths: dict[Path, float] = {}
        self._stay: dict[tuple[int, str, str, str | None], Path] = {}

    def of(self, flows: Path) -> "FarLibrary":
        """`flows`: the folder of a version, which is named by its number."""
        other = FarLibrary(self._client, int(flows.name))
        other._lengths, other._stay = self._lengths, self._stay
        return other

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def ready(self, speech: Speech) -> Path:
        what = (self._version, speech.language, speech.text, speech.recording)
        if not speech.secret and (known := self._stay.get(what)):
            return known
        asked = m.MakeSound(self._version, speech.prompt, speech.language, speech.text, speech.recording, speech.secret)
        try:
            made: m.Made = await self._client.ask(asked, m.Made, WITHIN)
        except (LinkError, Refused) as error:
            raise PromptError(f"prompt {speech.prompt} ({speech.language}): {error}") from error
        return self._remember(made, what)

    async def beep(self) -> Path:
        what = (0, "", "beep", None)
        if known := self._stay.get(what):
            return known
        try:
            return self._remember(await self._client.ask(m.MakeBeep(), m.Made, WITHIN), what)
        except (LinkError, Refused) as error:
            raise PromptError(f"the beep: {error}") from error

    def _remember(self, made: m.Made, what: tuple[int, str, str, str | None]) -> Path:
        path = Path(made.path)
        self._lengths[path] = made.seconds
        if made.stays:
            self._stay[what] = path
        for known in (self._lengths, self._stay):
            if len(known) > MOST:
                known.pop(next(iter(known)))  # type: ignore[call-overload]
        return path

    def forget(self, path: Path) -> None:
        if path.parent.name == "secret":
            task = asyncio.ensure_future(self._forget(path))
            self._forgetting = task  # what is not deleted now is, over there, after a while

    async def _forget(self, path: Path) -> None:
        with suppress(LinkError, Refused):
            await self._client.ask(m.ForgetSound(str(path)), within=WITHIN)

    def sweep(self, now: float) -> int:
        return 0

    def seconds(self, path: Path) -> float:
        return self._lengths.get(path, 0.0)


class FarTape:
    """`passes` is asked before each command about a channel, as before any (`calls/fence`)."""

    def __init__(self, client: Client, passes: Callable[[str], Awaitable[None]]) -> None:
        self._client, self._passes = client, passes

    async def start(self, channel: str, call: str, part: str, *, wideband: bool = False, paused: bool = False) -> None:
        await self._ask(channel, m.BeginTape(channel, call, part, wideband, paused))

    async def renew(self, channel: str, call: str, part: str, *, paused: bool = False) -> None:
        await self._ask(channel, m.RenewTape(channel, call, part, paused))

    async def pause(self, channel: str, on: bool) -> None:
        await self._ask(channel, m.PauseTape(channel, on))

    async def stop(self, channel: str, call: str, part: str) -> None:
        await self._ask(channel, m.EndTape(channel, call, part))

    async def keep(self, call: str, part: str, seconds: float) -> None:
        """When nobody is told, the sweep over there finds it half a minute after the call."""
        with suppress(AriError):
            await self._ask("", m.KeepTape(call, part, seconds))

    async def _ask(self, channel: str, asked: Any) -> None:
        name = type(asked).__name__
        if channel:
            await self._passes(channel)
        try:
            await self._client.ask(asked, within=WITHIN)
        except LinkError as error:
            raise Disconnected(name) from error
        except Refused as error:
            raise AriError(name, 400, str(error)) from error


async def watch(client: Client, cut: Callable[[], None]) -> None:
    """`cut` is called, again and again, while nothing is heard of that machine, the first time within 0.4 s: sooner
    than those over there take our calls for left (`heirs.SILENCE`), and with them we must do nothing more. A process
    that has ended, or hangs, does not cut us off: the machine itself still takes connections, or refuses them."""
    host, _, port = client.address.rpartition(":")
    while True:
        begun = time.monotonic()
        if not (await _answers(client) or await _reached(host, int(port))):
            cut()
        await asyncio.sleep(max(0.0, begun + PERIOD - time.monotonic()))


async def _answers(client: Client) -> bool:
    if not client.up:
        return False
    try:
        await client.ask(Ping(), within=ANSWER)
    except (LinkError, Refused):
        return False
    return True


async def _reached(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(ANSWER):
            _, writer = await asyncio.open_connection(host, port)
    except ConnectionRefusedError:
        return True
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
