"""Tickets of the embedded backend, newest first."""

from typing import Any

from aiohttp import web
from sqlalchemy.orm import Session

from ivr.tickets import embedded
from ivr.web.answers import api, page

SHOWN = ("number", "type", "subject", "call_id", "created_at")


def _tickets(session: Session) -> list[dict[str, Any]]:
    return [{name: getattr(ticket, name) for name in SHOWN} for ticket in embedded.recent(session, limit=100)]


ROUTES = [web.get("/tickets", page("tickets", _tickets)), web.get("/api/tickets", api(_tickets))]
