"""For whoever watches, without a login: `/healthz`, this process lives; `/readyz`, the store answers it. A controller
has its own (`ivr/link/server.py`)."""

from aiohttp import web
from sqlalchemy import text

from ivr.store.database import StoreError
from ivr.web.answers import read, to_json


async def _healthz(_: web.Request) -> web.StreamResponse:
    return web.Response(text="ok\n")


async def _readyz(request: web.Request) -> web.StreamResponse:
    try:
        await read(request, lambda session: session.execute(text("SELECT 1")).scalar_one())
    except StoreError:
        return to_json({"store": False}, 503)
    return to_json({"store": True})


ROUTES = [web.get("/healthz", _healthz), web.get("/readyz", _readyz)]
