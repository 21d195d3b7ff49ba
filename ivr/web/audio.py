"""Sound out of the vault to a browser's player: whole, or the range it asks for, opened as it is sent."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from aiohttp import web
from sqlalchemy.orm import Session

from ivr.problem import Problem
from ivr.web.answers import DATABASE
from recordings.reader import Reader
from recordings.vault import Forgotten

log = logging.getLogger(__name__)
PART = 1 << 18  # bytes opened and sent at a time
# Threads of its own: a store that does not answer for a minute must hold up no other page.
_THREADS = ThreadPoolExecutor(16, "audio")
T = TypeVar("T")


async def sound(request: web.Request, recording: str, version: str, open: Callable[[Session], Reader]) -> web.Response:
    """The WAV that `open` gives; other sound has another `version`. Ranges as in RFC 9110 §14, one at a time. Raises
    HTTPGone for what was deleted, 416 for a range outside of it, 503 (with the reason in the log) for what cannot be
    read."""

    def work() -> Reader:
        with request.app[DATABASE].read() as session:
            return open(session)

    try:
        reader = await beside(work)
    except Forgotten:
        raise web.HTTPGone(text="this recording was deleted") from None
    except Problem as error:
        log.error("a recording cannot be heard: %s", error, extra={"recording": recording})
        raise web.HTTPServiceUnavailable(text="the recording cannot be read now; the log says why") from None
    tag = f'"{version}"'
    headers = {"Content-Type": "audio/wav", "Accept-Ranges": "bytes", "ETag": tag}
    part = _asked(request, tag, reader.size)
    if not part:
        raise web.HTTPRequestRangeNotSatisfiable(headers={"Content-Range": f"bytes */{reader.size}"})
    headers["Content-Length"] = str(len(part))
    if len(part) == reader.size:
        return web.Response(body=_parts(reader, part), headers=headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{reader.size}"
    return web.Response(status=206, body=_parts(reader, part), headers=headers)


def _asked(request: web.Request, tag: str, size: int) -> range:
    """Empty when it lies outside. What is no range, or one of another sound, is ignored."""
    try:
        asked = request.http_range
    except ValueError:
        return range(size)
    if request.headers.get("If-Range", tag) != tag:
        return range(size)
    return range(*slice(asked.start, asked.stop).indices(size))


async def beside(work: Callable[[], T]) -> T:
    """What waits for the recordings' store."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)


async def _parts(reader: Reader, part: range) -> AsyncIterator[bytes]:
    reader.seek(part.start)
    left = len(part)
    while left:
        piece = await beside(partial(reader.read, min(left, PART)))
        left -= len(piece)
        yield piece
