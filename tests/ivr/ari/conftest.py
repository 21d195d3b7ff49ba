"""A real Asterisk for the commands; for what a broken one does, a WebSocket that behaves as badly as a test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from aiohttp import web

from asterisk_conf.render import ARI_USER
from ivr.ari import events, ids
from ivr.ari.client import Ari
from ivr.ari.connection import Connection
from tests.asterisk import PASSWORD, Asterisk

E = TypeVar("E")
DIALPLAN = """
[test]
exten => hold,1,Answer()
 same => n,Wait(60)
"""


@pytest.fixture(scope="package")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    one = Asterisk(tmp_path_factory.mktemp("asterisk"), DIALPLAN)
    one.start()
    yield one
    one.kill()


class Line:
    """A connection, and what it told."""

    def __init__(self, port: int, app: str, greet: Callable[[Ari], Awaitable[None]], password: str) -> None:
        self.events: asyncio.Queue[events.Event] = asyncio.Queue()
        self.greeted: asyncio.Queue[None] = asyncio.Queue()
        self.downs = 0
        self._greet = greet
        self.connection = Connection(
            port, app, ARI_USER, password, on_event=self.events.put_nowait, on_up=self._on_up, on_down=self._on_down
        )
        self.ari = Ari(self.connection)

    async def _on_up(self) -> None:
        await self._greet(self.ari)
        self.greeted.put_nowait(None)

    def _on_down(self) -> None:
        self.downs += 1

    async def up(self) -> None:
        """The next time that it is connected and its first commands are done."""
        async with asyncio.timeout(20):
            await self.greeted.get()

    async def event(self, kind: type[E]) -> E:
        """The next event of a kind; others are passed over."""
        async with asyncio.timeout(5):
            while not isinstance(found := await self.events.get(), kind):
                pass
        return found


async def nothing(_: Ari) -> None:
    pass


@asynccontextmanager
async def line(
    port: int, app: str = "", greet: Callable[[Ari], Awaitable[None]] = nothing, password: str = PASSWORD
) -> AsyncIterator[Line]:
    """An application of its own, so that no event of another test's calls comes."""
    one = Line(port, app or f"ivr-{ids.new_call()}", greet, password)
    running = asyncio.create_task(one.connection.run())
    try:
        yield one
        assert not running.done(), "a connection never ends by itself"
    finally:
        running.cancel()


class Peer:
    """Where a test says what comes back: `behave` is called with each WebSocket, which closes when it returns."""

    def __init__(self, behave: Callable[[web.WebSocketResponse], Awaitable[None]]) -> None:
        self._behave = behave
        self.times: asyncio.Queue[float] = asyncio.Queue()

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        self.times.put_nowait(asyncio.get_running_loop().time())
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await self._behave(socket)
        return socket


@asynccontextmanager
async def peer(behave: Callable[[web.WebSocketResponse], Awaitable[None]]) -> AsyncIterator[tuple[int, Peer]]:
    """Its port, and itself."""
    one = Peer(behave)
    app = web.Application()
    app.router.add_get("/ari/events", one.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1], one
    finally:
        await runner.cleanup()


def answer(request: dict[str, Any], body: Any = None, status: int = 200) -> str:
    """What Asterisk would send back."""
    return json.dumps(
        {
            "type": "RESTResponse",
            "request_id": request["request_id"],
            "status_code": status,
            "reason_phrase": "OK",
            "message_body": json.dumps(body),
        }
    )
