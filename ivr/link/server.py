"""The end of a link that answers: one a controller, on a port of loopback, or over TLS for other machines.

Questions of one connection are taken in order. A handler that answers at once is done before the next is looked at;
one that takes time (a coroutine) lets others pass.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from inspect import isawaitable
from typing import Any, TypeVar

import msgspec
from aiohttp import WSMsgType, web

from ivr.link import messages as m
from ivr.link.key import Key, is_loopback, key

log = logging.getLogger(__name__)
T = TypeVar("T")
HOST = "127.0.0.1"
MOST_AT_WORK = 100  # questions of one connection that take time


class Server:
    """`ready`: what is needed to take work, and whether it is there. It is told at `/readyz`, 200 when all of it is and
    else 503; `/healthz` tells that the process lives. These two are for whoever watches, and need no secret."""

    def __init__(self, shown: Key | str, ready: Callable[[], Mapping[str, bool]] = dict) -> None:
        self._key, self._is_ready = key(shown), ready
        self._token = f"Bearer {self._key.token}"
        self._handlers: dict[str, tuple[Callable[[bytes], Any], Callable[[Any], Any]]] = {}
        self._topics: dict[str, tuple[Callable[[], Iterable[object]], Callable[[str], None]]] = {}
        self._connections: set[_Connection] = set()
        self._runner: web.AppRunner | None = None
        self.on(m.Ping, lambda _: None)

    def on(self, kind: type[T], handle: Callable[[T], Awaitable[object] | object]) -> None:
        """Answer questions of this kind with what `handle` gives; its `Refused` is told to whoever asked."""
        self._handlers[kind.__name__] = (msgspec.json.Decoder(kind).decode, handle)

    def topic(
        self, name: str, now: Callable[[], Iterable[object]] = tuple, left: Callable[[str], None] = lambda topic: None
    ) -> None:
        """Something that can be watched, as NAME or NAME/PART; `now` gives how it stands, in the words of its
        changes. `left` is called with the topic when nobody watches it any more."""
        self._topics[name] = (now, left)

    def tell(self, topic: str, change: object) -> bool:
        """Tell all who watch; False when nobody does."""
        body, told = m.raw(change), False
        for connection in list(self._connections):
            for number in [number for number, name in connection.watched.items() if name == topic]:
                told = connection.send(m.Change(number, body)) or told
        return told

    async def listen(self, ports: Iterable[int], host: str = HOST) -> str:
        """On the first port that is free; returns the address, `host:port`. Beyond loopback over TLS alone, for whoever
        has our certificate. Raises OSError when none is free."""
        encrypted = None if is_loopback(f"{host}:0") else self._key.server
        app = web.Application()
        app.router.add_get(m.PATH, self._serve)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        for port in ports:
            try:
                site = web.TCPSite(self._runner, host, port, reuse_address=True, ssl_context=encrypted)
                await site.start()
            except OSError:
                continue
            return f"{host}:{port}"
        raise OSError(f"no port of the link is free on {host} (ports.link_first to ports.link_last)")

    async def close(self) -> None:
        for connection in list(self._connections):
            await connection.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.StreamResponse:
        parts = dict(self._is_ready())
        return web.json_response(parts, status=200 if all(parts.values()) else 503)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), self._token.encode()):
            raise web.HTTPUnauthorized
        socket = web.WebSocketResponse(heartbeat=m.BEAT, max_msg_size=m.LARGEST)
        await socket.prepare(request)
        connection = _Connection(socket)
        self._connections.add(connection)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._take(connection, message.data)
        finally:
            self._connections.discard(connection)
            for topic in set(connection.watched.values()):
                self._leave(topic)
            await connection.close()
        return socket

    def _take(self, connection: "_Connection", text: str) -> None:
        try:
            message = m.read_question(text)
        except msgspec.DecodeError as error:
            log.error("a message on the link cannot be read: %s", error)
            return
        match message:
            case m.Ask():
                self._ask(connection, message)
            case m.Watch(number, topic) if (name := topic.partition("/")[0]) in self._topics:
                connection.watched[number] = topic
                for one in self._topics[name][0]():
                    connection.send(m.Change(number, m.raw(one)))
            case m.Watch(number, topic):
                connection.send(m.Refusal(number, f"there is no topic {topic}"))
            case m.Unwatch(number):
                if left := connection.watched.pop(number, None):
                    self._leave(left)

    def _leave(self, topic: str) -> None:
        if not any(topic in one.watched.values() for one in self._connections):
            self._topics[topic.partition("/")[0]][1](topic)

    def _ask(self, connection: "_Connection", asked: m.Ask) -> None:
        if asked.kind not in self._handlers:
            connection.send(m.Refusal(asked.id, f"nobody here answers {asked.kind}"))
            return
        decode, handle = self._handlers[asked.kind]
        try:
            answer = handle(decode(bytes(asked.body)))
        except Exception as error:
            connection.send(_refusal(asked, error))
            return
        if isawaitable(answer):
            connection.work(asked, answer)
        else:
            connection.send(m.Answer(asked.id, m.raw(answer)))


class _Connection:
    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.watched: dict[int, str] = {}
        self._socket = socket
        self._waiting: asyncio.Queue[str] = asyncio.Queue(m.MOST_WAITING)
        self._tasks = {asyncio.create_task(self._write())}

    def send(self, message: m.ToClient) -> bool:
        """False when whoever is there has fallen so far behind that the connection is closed."""
        try:
            self._waiting.put_nowait(m.text(message))
        except asyncio.QueueFull:
            log.error("a connection of the link has fallen behind and is closed")
            self._go(self._socket.close())
            return False
        except m.LinkError as error:
            log.error("%s", error)
            return False
        return True

    def work(self, asked: m.Ask, answer: Awaitable[object]) -> None:
        if len(self._tasks) > MOST_AT_WORK:
            self.send(m.Refusal(asked.id, "too much is being asked at once; try again"))
            asyncio.ensure_future(answer).cancel()
        else:
            self._go(self._answer(asked, answer))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._socket.close()

    async def _write(self) -> None:
        while True:
            try:
                await self._socket.send_str(await self._waiting.get())
            except ConnectionError:
                return

    async def _answer(self, asked: m.Ask, answer: Awaitable[object]) -> None:
        try:
            async with asyncio.timeout(asked.within):
                self.send(m.Answer(asked.id, m.raw(await answer)))
        except Exception as error:
            self.send(_refusal(asked, error))

    def _go(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _refusal(asked: m.Ask, error: Exception) -> m.Refusal:
    match error:
        case m.Refused():
            return m.Refusal(asked.id, str(error))
        case msgspec.ValidationError():
            return m.Refusal(asked.id, f"{asked.kind}: {error}")
        case TimeoutError():
            return m.Refusal(asked.id, f"{asked.kind}: it took longer than {asked.within:.1f} s")
    log.error("a question on the link failed: %s", asked.kind, exc_info=error)
    return m.Refusal(asked.id, f"{asked.kind} failed; the controller's log says why")
