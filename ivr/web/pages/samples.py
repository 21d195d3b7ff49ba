"""Samples: drawn with `POST /api/samples`, whose body is `recordings.drawing.Plan`; then shown, page by page, and each
recording of them marked as reviewed, or open again, with `PUT /api/samples/NAME/items/ID` and `{"state": "reviewed"}`.

400: a wrong value, with its name. 404: there is no such sample, or the recording is not in it. 409: it cannot be drawn.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from sqlalchemy.orm import Session

from ivr.web.access import SEE_CODES
from ivr.web.answers import DATABASE, SETTINGS, api, body, read, to_json, write
from ivr.web.pages.recordings import PSEUDONYMS, naming
from ivr.web.refusals import told
from recordings import catalogue, samples
from recordings.criteria import CriterionError
from recordings.drawing import Plan, draw


class _Wish(msgspec.Struct, forbid_unknown_fields=True):
    state: str


async def _draw(request: web.Request) -> web.Response:
    zone, veiled = ZoneInfo(request.app[SETTINGS].recordings.timezone), request["role"] not in SEE_CODES
    database, key, user = request.app[DATABASE], request.app[PSEUDONYMS], request["user"]
    with _refusals(request):
        plan = await body(request, Plan)
        await asyncio.to_thread(draw, database, plan, zone=zone, key=key, veiled=veiled, user=user)
    return to_json(await read(request, lambda session: samples.show(session, plan.name)), 201)


async def _show(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    with _refusals(request):
        return to_json(await read(request, lambda session: samples.show(session, name)))


async def _items(request: web.Request) -> web.Response:
    name, after, limit = request.match_info["name"], request.query.get("after", ""), request.query.get("limit", "50")

    def page(session: Session) -> dict[str, Any]:
        operator, zone = naming(request, session).shown, ZoneInfo(request.app[SETTINGS].recordings.timezone)
        return samples.items(session, name, limit=catalogue.page_size(limit), after=after, operator=operator, zone=zone)

    with _refusals(request):
        return to_json(await read(request, page))


async def _mark(request: web.Request) -> web.Response:
    name, recording, user = request.match_info["name"], request.match_info["id"], request["user"]
    with _refusals(request):
        state = (await body(request, _Wish)).state
        await write(request, lambda session: samples.mark(session, name, recording, state, user))
    return to_json({"id": recording, "state": state})


@contextmanager
def _refusals(request: web.Request) -> Iterator[None]:
    try:
        yield
    except CriterionError as error:
        raise web.HTTPBadRequest(text=told(request, error)) from None
    except samples.UnknownSample as error:
        raise web.HTTPNotFound(text=told(request, error)) from None
    except samples.SampleError as error:
        raise web.HTTPConflict(text=told(request, error)) from None


ROUTES = [
    web.get("/api/samples", api(samples.listed)),
    web.post("/api/samples", _draw),
    web.get("/api/samples/{name}", _show),
    web.get("/api/samples/{name}/items", _items),
    web.put("/api/samples/{name}/items/{id}", _mark),
]
