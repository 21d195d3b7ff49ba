"""What lasts as long as a page. Server-sent events: a page is told anew whenever something has changed."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from ivr.store.database import StoreError
from ivr.web import users
from ivr.web.answers import CLOSING, read

BEAT = 15.0  # seconds; what stands between us and the browser must not take a quiet stream for a dead one
LOOK = 30.0  # seconds from one look to the next whether whoever asked is still who they were


async def over(request: web.Request) -> None:
    """Returns when the server closes, or the user was removed or has another role. A session whose time is over ends
    nothing that goes on: it might be a citizen's call."""
    closing, name, role = request.app[CLOSING], request["user"], request["role"]
    still = True
    while still and not closing.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), LOOK)
        with suppress(StoreError):  # a store that is away for a while ends nothing
            still = await read(request, lambda session: users.has_role(session, name, role))


async def stream(
    request: web.Request, changed: asyncio.Event, view: Callable[[], Awaitable[object]]
) -> web.StreamResponse:
    """Until the page is left: what `view` gives, as JSON, each time that `changed` is set."""
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    await answer.prepare(request)
    ended = asyncio.create_task(over(request))
    try:
        while not ended.done():
            wake = asyncio.create_task(changed.wait())
            try:
                await asyncio.wait({wake, ended}, timeout=BEAT, return_when=asyncio.FIRST_COMPLETED)
            finally:
                wake.cancel()
            text = ": still here\n\n"
            if changed.is_set():
                changed.clear()
                text = f"data: {json.dumps(await view())}\n\n"
            await answer.write(text.encode())
    except ConnectionError:  # the page was left
        pass
    finally:
        ended.cancel()
    return answer
