"""Queues and who waits in them; a supervisor moves a call."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from ivr.acd.overview import Look, Overview
from ivr.calls import commands as c
from ivr.control_room.queues import standing
from ivr.web.answers import LINES, SETTINGS, read, to_json


async def _queues(request: web.Request) -> web.StreamResponse:
    """See `ivr/control_room/queues.py`."""
    zone = ZoneInfo(request.app[SETTINGS].recordings.timezone)
    seen = await request.app[LINES].ask_floor(Look(), Overview)
    return to_json(await read(request, lambda session: standing(session, seen, datetime.now(UTC), zone)))


async def _move(request: web.Request) -> web.StreamResponse:
    """Body `{"queue": "complaints"}` (to another queue), `{"front": true}` (of its own), or both."""
    call, name = request.match_info["id"], request.match_info["name"]
    try:
        body = await request.json()
        queue, front = body.get("queue", ""), body.get("front", False)
    except (ValueError, AttributeError):
        queue, front = None, None
    if not isinstance(queue, str) or not isinstance(front, bool) or not (queue or front):
        raise web.HTTPBadRequest(text='send {"queue": …}, or {"front": true}')
    await request.app[LINES].ask_call(call, c.Move(call, request["user"], name, queue, front), c.Done)
    return to_json({"call": call, "queue": queue or name})


ROUTES = [web.get("/api/queues", _queues), web.post("/api/queues/{name}/calls/{id}", _move)]
