"""Figures for Prometheus."""

from datetime import UTC, datetime

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy.orm import Session

from ivr.control_room.board import board
from ivr.store import controllers
from ivr.tickets import outbox
from ivr.web.answers import read


async def _metrics(request: web.Request) -> web.StreamResponse:
    def measure(session: Session) -> dict[str, float]:
        view = board(session, datetime.now(UTC))
        return {
            "ivr_calls_live": len(view.calls),
            "ivr_operators_ready": sum(one.state == "ready" for one in view.operators),
            "ivr_controllers_alive": len(controllers.alive(session, datetime.now(UTC))),
            "ivr_tickets_pending": outbox.pending(session),
        }

    registry = CollectorRegistry()
    for name, value in (await read(request, measure)).items():
        Gauge(name, name.replace("_", " "), registry=registry).set(value)
    return web.Response(body=generate_latest(registry), content_type="text/plain")


ROUTES = [web.get("/metrics", _metrics)]
