"""One WebSocket to Asterisk for everything: commands go out as `RESTRequest`, answers and events come in.

It reconnects by itself, with back-off and jitter. A command in flight when the socket drops ends with `Disconnected`;
ids of what a command makes are given by the caller, so that whoever repeats it can tell whether it happened.
"""

import asyncio
import itertools
import logging
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from socket import IPPROTO_TCP, TCP_USER_TIMEOUT
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import msgspec

from ivr import metrics
from ivr.ari.errors import AriError, Disconnected, Overloaded, TooLate
from ivr.ari.events import Event, Response, decode

log = logging.getLogger(__name__)

# Asterisk 22 closes the socket on a message somewhere between 65 and 200 KB.
LARGEST_MESSAGE = 60_000
MOST_WAITING = 5000  # commands that have no answer yet; within DEADLINE each has one, or is given up
LARGEST_ANSWER = 64 << 20  # bytes; ten thousand channels take 15 MB
DEADLINE = 5.0  # seconds Asterisk has for a command
SLOW = 1.0
WATCH = 0.5
HEARTBEAT = 5.0
CONNECT = 2.0  # seconds for a connection
# Milliseconds in which what we send arrives at the other machine, or never, and the connection is over: by then others
# take our calls for left (`heirs.SILENCE`), and a command that came later would be one about a call of theirs.
ARRIVES = 250
FIRST_DELAY, LONGEST_DELAY = 0.1, 5.0


@lru_cache(1000)
def _quoted(part: str | int) -> str:
    """A part of a path or query; most are ids that a call uses several times."""
    return quote(str(part), safe="")


class _Request(msgspec.Struct, tag_field="type", tag="RESTRequest", omit_defaults=True):
    request_id: str
    method: str
    uri: str
    content_type: str = ""
    message_body: str = ""


class Connection:
    """`on_event` is called with each event, in order, in the event loop. `on_up` is awaited after each connecting,
    while events already arrive; `on_down` is called after each loss."""

    def __init__(
        self,
        port: int,
        app: str,
        user: str,
        password: str,
        *,
        on_event: Callable[[Event], None],
        on_up: Callable[[], Awaitable[None]],
        on_down: Callable[[], None] = lambda: None,
        on_dead: Callable[[], None] = lambda: None,
        host: str = "127.0.0.1",
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        """`trusted`: over TLS, to whom this trusts; without it in clear, on this machine."""
        self.app = app
        self._trusted = trusted
        asked = urlencode({"app": app, "subscribeAll": "false"})
        self._url = f"{'wss' if trusted else 'ws'}://{host}:{port}/ari/events?{asked}"
        self._headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
        self._on_event, self._on_up, self._on_down, self._on_dead = on_event, on_up, on_down, on_dead
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        # By request id: the answer to come, the command's name, when it was sent.
        self._pending: dict[str, tuple[asyncio.Future[Response], str, float]] = {}
        self._numbers = itertools.count(1)
        self._delay = FIRST_DELAY

    @property
    def up(self) -> bool:
        return self._socket is not None

    async def run(self) -> None:
        """Connect, read, and connect again, until cancelled."""
        patience = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT)
        given: Any = {"ssl": self._trusted or True, "heartbeat": HEARTBEAT, "max_msg_size": LARGEST_ANSWER}
        async with aiohttp.ClientSession(headers=self._headers, timeout=patience) as http:
            while True:
                try:
                    async with http.ws_connect(self._url, **given) as socket:
                        await self._serve(socket)
                except (aiohttp.ClientError, OSError, TimeoutError) as error:
                    if _refused(error):
                        self._on_dead()
                    reason = getattr(error, "status", None) or type(error).__name__  # 401: another secret than ours
                    log.warning("asterisk is not reachable: %s; next try in %.1f s", reason, self._delay)
                delay, self._delay = self._delay, min(self._delay * 2, LONGEST_DELAY)
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 jitter, no secret

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        if self._trusted:  # over a network, which may be cut
            socket.get_extra_info("socket").setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, ARRIVES)
        greeting, watch = asyncio.create_task(self._greet()), asyncio.create_task(self._watch())
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(message.data)
        finally:
            greeting.cancel()
            watch.cancel()
            self._socket = None
            pending, self._pending = self._pending, {}
            for future, command, _ in pending.values():
                if not future.done():
                    future.set_exception(Disconnected(command))
            self._on_down()

    async def _greet(self) -> None:
        """The delay starts anew only here: a peer that takes us and then fails us is not to be hammered."""
        try:
            await self._on_up()
            self._delay = FIRST_DELAY
        except Exception:
            log.exception("asterisk answered, but our first commands failed; connecting anew")
            if self._socket is not None:
                await self._socket.close()

    async def _watch(self) -> None:
        """End the commands whose deadline has passed; one watch for all is far cheaper than a timer for each."""
        while True:
            await asyncio.sleep(WATCH)
            now = asyncio.get_running_loop().time()
            for future, command, sent in self._pending.values():
                if now - sent > DEADLINE and not future.done():
                    future.set_exception(TooLate(command, DEADLINE))

    def _take(self, text: str) -> None:
        try:
            message = decode(text)
        except (msgspec.DecodeError, RecursionError) as error:  # the latter: lists in lists, thousands deep
            log.error("asterisk sent a message that cannot be read: %s", error)
            return
        if isinstance(message, Response):
            pending = self._pending.get(message.request_id)
            if pending is not None and not pending[0].done():
                pending[0].set_result(message)
        elif message is not None:
            if (lag := message.lag(time.time())) is not None:
                metrics.EVENT_LAG.observe(lag)
            try:
                self._on_event(message)
            except Exception:  # an event that we stumble over must not cost the other calls their line
                log.exception("an event could not be dealt with: %s", type(message).__name__)

    async def command(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, str | int] | None = None,
        body: Any = None,
    ) -> Response:
        """Send one command and wait for its answer.

        Raises `AriError` for a status of 300 or more, `Disconnected`, `Overloaded`, or `TooLate`.
        Asterisk carries out the commands of one socket in the order in which they were sent.
        """
        try:
            return await self._ask(method, path, query, body)
        except AriError as error:
            metrics.COMMANDS_FAILED(error.kind).inc()
            raise

    async def _ask(
        self, method: str, path: tuple[str, ...], query: Mapping[str, str | int] | None, body: Any
    ) -> Response:
        uri = "/".join([_quoted(part) for part in path])
        name = f"{method} {uri}"
        if query:
            uri = f"{uri}?{'&'.join([f'{key}={_quoted(value)}' for key, value in query.items()])}"
        if self._socket is None:
            raise Disconnected(name)
        if len(self._pending) >= MOST_WAITING:
            raise Overloaded(name, len(self._pending))
        number = str(next(self._numbers))
        request = _Request(number, method, uri)
        if body is not None:
            request.content_type, request.message_body = "application/json", msgspec.json.encode(body).decode()
        text = msgspec.json.encode(request)
        if len(text) > LARGEST_MESSAGE:
            raise AriError(name, 413, f"the command is {len(text)} bytes long, Asterisk takes {LARGEST_MESSAGE}")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Response] = loop.create_future()
        sent = loop.time()
        self._pending[number] = (future, name, sent)
        try:
            await self._socket.send_str(text.decode())
            response = await future
        except (aiohttp.ClientError, ConnectionError) as error:
            raise Disconnected(name) from error
        finally:
            self._pending.pop(number, None)
            took = loop.time() - sent
            metrics.COMMAND.observe(took)
            if took > SLOW:  # and all that was sent after it had to wait as long
                log.warning("asterisk took %.1f s for %s", took, name)
        if response.status_code >= 300:
            raise AriError(name, response.status_code, response.reason_phrase)
        return response


def _refused(error: BaseException) -> bool:
    """Nobody listens there: Asterisk has ended. One that is slow, or cannot be reached, does not refuse."""
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    return isinstance(error, ConnectionRefusedError)
