"""Figures for Prometheus: of the house, and of each controller, also while the store is away."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest

from ivr.acd.overview import Look, Overview
from ivr.link.messages import LinkError, Refused
from ivr.metrics import Figures
from ivr.store.database import StoreError
from ivr.watching import house
from ivr.web.answers import LINES, SETTINGS, read


async def _metrics(request: web.Request) -> web.StreamResponse:
    families = [*house.of_controllers(await request.app[LINES].ask_all(Figures(), str | None))]
    families += await asyncio.to_thread(lambda: [*house.of_place(request.app[SETTINGS])])
    families.append(await _watched(request.app[SETTINGS].ports.health))
    families += await _stored(request)
    with suppress(LinkError, Refused, StoreError):  # nobody decides now: no figure is better than a wrong one
        families += house.of_queues(await request.app[LINES].ask_floor(Look(), Overview))
    registry = CollectorRegistry()
    registry.register(house.Told(families))
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _watched(port: int) -> Metric:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 1.0)
        writer.close()
        up = True
    except (OSError, TimeoutError):
        up = False
    return house.gauge("watch_up", "1 while `ivr watch`, which tells of outages, is there", up)


async def _stored(request: web.Request) -> list[Metric]:
    settings = request.app[SETTINGS]
    try:
        return await read(request, lambda session: [*house.of_store(session, settings, datetime.now(UTC))])
    except StoreError:
        return [house.gauge("store_up", "1 when the store answered", 0)]


ROUTES = [web.get("/metrics", _metrics)]
