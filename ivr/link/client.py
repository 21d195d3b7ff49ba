"""The end of a link that asks and watches. It connects by itself, and anew after a loss; then watches go on."""

import asyncio
import itertools
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self, TypeVar

import aiohttp
import msgspec

from ivr.link import messages as m
from ivr.link.key import Key, key

log = logging.getLogger(__name__)
T = TypeVar("T")
FIRST_DELAY, LONGEST_DELAY = 0.1, 2.0
WITHIN = 5.0  # seconds for an answer, when nobody says otherwise
CONNECT = 2.0  # seconds for a connection: from a machine that is cut off nobody says that it is not to be had


async def _nothing() -> None: ...


class Client:
    """`async with Client(address, key) as client: await client.ask(…)`. `on_up` is awaited after each connecting,
    `on_down` called after each loss, `on_refused` when nobody listens at the address."""

    def __init__(
        self,
        address: str,
        shown: Key | str,
        *,
        on_up: Callable[[], Awaitable[None]] = _nothing,
        on_down: Callable[[], None] = lambda: None,
        on_refused: Callable[[], None] = lambda: None,
    ) -> None:
        self.address = address
        own = key(shown)
        encrypted, self._trusted = own.to(address)
        self._url, self._headers = f"ws{encrypted}://{address}{m.PATH}", {"Authorization": f"Bearer {own.token}"}
        self._on_up, self._on_down, self._on_refused = on_up, on_down, on_refused
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._connected = asyncio.Event()
        self._asked: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._watched: dict[int, tuple[str, asyncio.Queue[msgspec.Raw]]] = {}
        self._numbers = itertools.count(1)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def begin_anew(self) -> None:
        """Close the connection; another one is made."""
        if self._socket is not None:
            await self._socket.close()

    @property
    def up(self) -> bool:
        return self._socket is not None

    async def ask(self, body: object, answer: Callable[..., T] | Any = Any, within: float = WITHIN) -> T:
        """What the other end answers, as the type `answer`; waits for a connection, if there is none.

        Raises `Refused` with the reason, or `LinkError` when nobody answered within so many seconds.
        """
        kind, number = type(body).__name__, next(self._numbers)
        future: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        try:
            async with asyncio.timeout(within):
                await self._connected.wait()
                await self._send(m.Ask(number, kind, m.raw(body), within))
                told: T = msgspec.json.decode(await future, type=answer)
                return told
        except TimeoutError:
            raise m.LinkError(f"{kind}: no answer from {self.address} within {within:.1f} s") from None
        except (ConnectionError, aiohttp.ClientError) as error:
            raise m.LinkError(f"{kind}: {self.address}: {error}") from error
        finally:
            del self._asked[number]

    async def watch(self, topic: str, kind: Callable[..., T] | Any) -> AsyncIterator[T]:
        """How the topic stands, then each change. After a loss of connection all begins anew, so what comes is to be
        taken as how things are, not as what is new."""
        number = next(self._numbers)
        waiting: asyncio.Queue[msgspec.Raw] = asyncio.Queue(m.MOST_WAITING)
        self._watched[number] = (topic, waiting)
        try:
            if self.up:
                await self._send(m.Watch(number, topic))
            while True:
                yield msgspec.json.decode(await waiting.get(), type=kind)
        finally:
            del self._watched[number]
            if self.up:
                await self._send(m.Unwatch(number))

    async def _send(self, message: m.ToServer) -> None:
        if self._socket is None:
            raise ConnectionError("the connection is lost")
        await self._socket.send_str(m.text(message))

    async def _run(self) -> None:
        delay = FIRST_DELAY
        patience = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT)
        given: Any = {"ssl": self._trusted, "heartbeat": m.BEAT, "max_msg_size": m.LARGEST}
        async with aiohttp.ClientSession(headers=self._headers, timeout=patience) as http:
            while True:
                try:
                    async with http.ws_connect(self._url, **given) as socket:
                        delay = FIRST_DELAY
                        await self._serve(socket)
                except (aiohttp.ClientError, OSError, TimeoutError) as error:
                    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(
                        error.os_error, ConnectionRefusedError
                    ):
                        self._on_refused()
                    reason = getattr(error, "status", None) or type(error).__name__
                    log.info("%s is not reachable over the link: %s", self.address, reason)
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 jitter, no secret
                delay = min(delay * 2, LONGEST_DELAY)

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        greeting = asyncio.create_task(self._greet())
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(message.data)
        finally:
            greeting.cancel()
            self._socket = None
            self._connected.clear()
            for future in self._asked.values():
                if not future.done():
                    future.set_exception(ConnectionError("the connection was lost"))
            self._on_down()

    async def _greet(self) -> None:
        for number, (topic, _) in list(self._watched.items()):
            await self._send(m.Watch(number, topic))
        self._connected.set()
        try:
            await self._on_up()
        except Exception:
            log.exception("the first words on a link failed")
            if self._socket is not None:
                await self._socket.close()

    def _take(self, text: str) -> None:
        try:
            message = m.read_answer(text)
        except msgspec.DecodeError as error:
            log.error("an answer on the link cannot be read: %s", error)
            return
        match message:
            case m.Answer(number, body) if (future := self._asked.get(number)) and not future.done():
                future.set_result(body)
            case m.Refusal(number, reason) if (future := self._asked.get(number)) and not future.done():
                future.set_exception(m.Refused(reason))
            case m.Change(number, body) if number in self._watched:
                try:
                    self._watched[number][1].put_nowait(body)
                except asyncio.QueueFull:
                    log.error("who watches %s has fallen behind; the link begins anew", self._watched[number][0])
                    if self._socket is not None:
                        self._closing = asyncio.ensure_future(self._socket.close())
            case m.Refusal(_, reason):
                log.error("the link: %s", reason)
