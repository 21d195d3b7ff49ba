"""Server-sent events: a page is told anew whenever something has changed."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from ivr.web.answers import CLOSING

BEAT = 15.0  # seconds; what stands between us and the browser must not take a quiet stream for a dead one


async def stream(
    request: web.Request, changed: asyncio.Event, view: Callable[[], Awaitable[object]]
) -> web.StreamResponse:
    """Until the page is left: what `view` gives, as JSON, each time that `changed` is set."""
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    await answer.prepare(request)
    over = asyncio.create_task(request.app[CLOSING].wait())
    try:
        while not over.done():
            wake = asyncio.create_task(changed.wait())
            try:
                await asyncio.wait({wake, over}, timeout=BEAT, return_when=asyncio.FIRST_COMPLETED)
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
        over.cancel()
    return answer
