"""The floor now: operators and calls in progress."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from sqlalchemy.orm import Session

from ivr.control_room.board import board
from ivr.web.answers import api, page


def _board(session: Session) -> dict[str, Any]:
    return asdict(board(session, datetime.now(UTC)))


ROUTES = [web.get("/", page("board", _board)), web.get("/api/status", api(_board))]
