"""Figures for Prometheus."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy.orm import Session

from ivr.control_room.board import board
from ivr.settings import Recordings, Tickets
from ivr.store import anonymisations, controllers, outbox
from ivr.web.answers import SETTINGS, read
from recordings.outlook import last_run, overdue
from recordings.retention import night


async def _metrics(request: web.Request) -> web.StreamResponse:
    def measure(session: Session) -> dict[str, float]:
        view = board(session, datetime.now(UTC))
        return {
            "ivr_calls_live": len(view.calls),
            "ivr_operators_ready": sum(one.state == "ready" for one in view.operators),
            "ivr_controllers_alive": len(controllers.alive(session, datetime.now(UTC))),
            **_tickets(session, request.app[SETTINGS].tickets),
            **_copies(session),
            **_purge(session, request.app[SETTINGS].recordings),
        }

    registry = CollectorRegistry()
    for name, value in (await read(request, measure)).items():
        Gauge(name, name.replace("_", " "), registry=registry).set(value)
    return web.Response(body=generate_latest(registry), content_type="text/plain")


def _tickets(session: Session, rules: Tickets) -> dict[str, float]:
    """`alarm` is 1 when a ticket is due for longer than the setting says, or one was set aside."""
    view = outbox.standing(session, datetime.now(UTC))
    return {
        "ivr_tickets_pending": view.pending,
        "ivr_tickets_lag_seconds": view.lag,
        "ivr_tickets_failed": view.failed,
        "ivr_tickets_alarm": float(view.alarms(rules.alarm_after)),
    }


def _copies(session: Session) -> dict[str, float]:
    """Of recordings without an anonymised copy, or that wait for another one."""
    found = anonymisations.figures(session)
    return {
        "ivr_anonymisations_pending": found.waiting,
        "ivr_anonymisations_failed": found.failed,
        "ivr_anonymisations_oldest_seconds": found.oldest,
    }


def _purge(session: Session, rules: Recordings) -> dict[str, float]:
    """Of the newest run that was whole: none yet tells no figures but what is overdue."""
    zone = ZoneInfo(rules.timezone)
    newest = night(datetime.now(UTC), rules.purge_at, zone)
    figures: dict[str, float] = {"ivr_purge_overdue": overdue(session, newest, zone, rules.keep_days)}
    if (run := last_run(session)) and run.ended_at:
        figures |= {
            "ivr_purge_last_run_timestamp_seconds": run.ended_at.timestamp(),
            "ivr_purge_deleted": run.deleted,
            "ivr_purge_failed": run.failed,
            "ivr_purge_findings": len(run.findings),
        }
    return figures


ROUTES = [web.get("/metrics", _metrics)]
