"""Calls that designers simulate with the keypad of the page: JSON, and the sounds that are heard."""

import asyncio
from typing import Any

import aiohttp_session
from aiohttp import web

from ivr.prompts.library import PromptError
from ivr.web.answers import to_json
from ivr.web.pages.flows import flow_of, shelf_of
from ivr.web.simulations import MOST_ACTS, Call, NoSimulation, Simulations, Stuck, act, begin, view

SIMULATIONS = web.AppKey("simulations", Simulations)


async def _owner(request: web.Request) -> str:
    """One browser of one user, or all programs of one user."""
    session = await aiohttp_session.get_session(request)
    return f"{request['user']}/{session.get('browser', '')}"


async def _call(request: web.Request) -> Call:
    try:
        return request.app[SIMULATIONS].get(await _owner(request), request.match_info["id"])
    except NoSimulation:
        raise web.HTTPNotFound(text="this call was forgotten; begin another") from None


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        given = await request.json()
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise web.HTTPBadRequest(text="send a JSON object")
    return given


async def _begin(request: web.Request) -> web.StreamResponse:
    """Body: `{"caller", "at", "language", "unstaffed"}`. Answers with the call's id and where it stands."""
    shelf, form = await shelf_of(request), await _body(request)
    flow = flow_of(request, shelf)
    if not shelf.runs(flow):
        raise web.HTTPConflict(text=f"flow {flow} has errors; its findings say which")
    try:
        simulation = await asyncio.to_thread(begin, shelf.book, flow, form)
    except (ValueError, Stuck) as error:
        return to_json({"problem": str(error)}, 400)
    call = Call(await _owner(request), shelf.source, simulation, shelf.library)
    return to_json({"id": request.app[SIMULATIONS].add(call)} | view(simulation, 0), 201)


async def _act(request: web.Request) -> web.StreamResponse:
    """Body: `{"act": "press", "key": "1"}` and the like (`simulations.act`), and `from`: entries seen already."""
    call, given = await _call(request), await _body(request)
    first = given.get("from", 0)
    if not isinstance(first, int) or first < 0:
        raise web.HTTPBadRequest(text="`from` counts entries")
    async with call.lock:
        problem = ""
        if call.acts >= MOST_ACTS:
            problem = f"after {MOST_ACTS} acts this call is too long; begin another"
        else:
            call.acts += 1
            try:
                await asyncio.to_thread(act, call.simulation, given)
            except (ValueError, Stuck) as error:
                problem = str(error)
        return to_json(view(call.simulation, first) | {"problem": problem}, 400 if problem else 200)


async def _sound(request: web.Request) -> web.StreamResponse:
    """What was said as number `says`, as WAV. It may hold a caller's digits, so it is kept by nobody."""
    call = await _call(request)
    try:
        say = call.simulation.says[int(request.match_info["says"])]
        sound = await asyncio.to_thread(call.library.sound, say)
    except (ValueError, IndexError, PromptError):
        raise web.HTTPNotFound(text="there is no such sound") from None
    return web.Response(body=sound, content_type="audio/wav")


ROUTES = [
    web.post("/flows/{source}/{flow}/calls", _begin),
    web.post("/simulations/{id}", _act),
    web.get("/simulations/{id}/says/{says}", _sound),
]
