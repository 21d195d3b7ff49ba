"""HTTP to a ticketing system: one answer in its time and of a bounded size, or the reason why there is none.

aiohttp, in a thread of its own, so that backends are plain functions; the time is that of the whole exchange.
"""

import asyncio
import json
import threading
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import aiohttp

from ivr.tickets.backend import Refused, Unavailable

T = TypeVar("T")
MOST = 4 << 20  # bytes of an answer
TRIES, PAUSE = 3, 0.1  # of what may be asked again, and the seconds between
LONGEST_WAIT = 3600.0  # that a Retry-After is believed
LATER = frozenset((408, 425, 429))
# About our account, or the address: the same for every ticket.
OURS = frozenset((401, 403, 405, 407))


class Failed(Unavailable):
    """At once; another try may do better."""


@dataclass(frozen=True)
class Answer:
    status: int
    data: Any


class Asking:
    """Asks the service at `address`; used by several threads."""

    def __init__(self, address: str, headers: Mapping[str, str], timeout: float) -> None:
        self._address, self._headers, self._timeout = address.rstrip("/"), dict(headers), timeout
        self._loop = asyncio.new_event_loop()
        self._session: aiohttp.ClientSession | None = None
        threading.Thread(target=self._loop.run_forever, name="asking", daemon=True).start()

    def ask(self, method: str, path: str, *, again: bool | None = None, **content: Any) -> Answer:
        """`content`: `json`, `data` (a form) or `params`, as aiohttp takes them, and `headers` beside the usual ones.
        `again`: asked twice it does the same as once, so what fails at once is asked a few times (None: all but POST).
        Raises Unavailable, and Refused for what is about this request alone."""
        for number in range(1, TRIES if (method != "POST" if again is None else again) else 1):
            try:
                return self._once(method, path, content)
            except Failed:
                time.sleep(PAUSE * number)
        return self._once(method, path, content)

    def _once(self, method: str, path: str, content: dict[str, Any]) -> Answer:
        status, retry_after, body = self._run(self._ask(method, path, content))
        said = f"{method} {path.partition('?')[0]}: {status}"
        try:
            data = json.loads(body) if body else None
        except ValueError:
            data = None
            if status < 300:
                raise Unavailable(f"{said} with something that is no JSON") from None
        if status < 300:
            return Answer(status, data)
        told = f"{said} {json.dumps(data, ensure_ascii=False)[:300] if data else ''}".rstrip()
        if status in OURS:
            raise Unavailable(told)
        if 400 <= status < 500 and status not in LATER and status != 404:
            raise Refused(told)
        if status >= 500 and not retry_after:
            raise Failed(said)
        raise Unavailable(said, _seconds(retry_after))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _ask(self, method: str, path: str, content: dict[str, Any]) -> tuple[int, str, bytes]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers, timeout=aiohttp.ClientTimeout(total=self._timeout)
            )
        try:
            # A redirect would take our secret elsewhere.
            async with self._session.request(
                method, f"{self._address}/{path}", allow_redirects=False, **content
            ) as answer:
                body = await answer.content.read(MOST + 1)
                while len(body) <= MOST and (more := await answer.content.read(MOST + 1 - len(body))):
                    body += more
                if len(body) > MOST:
                    raise Unavailable(f"{method} {path.partition('?')[0]}: an answer of more than {MOST >> 20} MiB")
                return answer.status, answer.headers.get("Retry-After", ""), body
        except TimeoutError as error:
            raise Unavailable(f"no answer from {self._address} within {self._timeout:.0f} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Failed(f"{self._address}: {error or type(error).__name__}") from error

    def close(self) -> None:
        if self._session is not None:
            self._run(self._session.close())
        self._loop.call_soon_threadsafe(self._loop.stop)


def _seconds(retry_after: str) -> float:
    """Of the header, which is seconds or a date (RFC 9110, 10.2.3)."""
    if retry_after.isdigit():
        return min(float(retry_after), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return min(max((at - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT)
