"""The floor now, for supervisors: queues, operators, calls in progress, and what they do about them; live."""

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

from aiohttp import web
from sqlalchemy.orm import Session

from ivr.calls import phones
from ivr.control_room.board import board
from ivr.store import operators
from ivr.web.answers import api, html, read
from ivr.web.board import Board
from ivr.web.labels import labels, language_of
from ivr.web.refusals import said
from ivr.web.streams import stream

BOARD = web.AppKey("board", Board)


def _status(session: Session) -> dict[str, Any]:
    return asdict(board(session, datetime.now(UTC)))


async def _show(request: web.Request) -> web.StreamResponse:
    """`phone`: where the supervisor hears calls, `sip` or `page`: where they are signed in; "" without a code."""
    code = request["operator"]
    mine = await read(request, lambda session: operators.presence(session, code)) if code else None
    in_page = mine is not None and mine.phone == phones.browser_account(code)
    phone = ("page" if in_page else "sip") if code else ""
    return html(request, "board", view=await _view(request), phone=phone)


async def _view(request: web.Request) -> dict[str, Any]:
    view, language = await request.app[BOARD].view(), language_of(request)
    problem = said(view["problem"], language)
    if not problem and view["tickets"]:
        problem = labels(language)["board"]["tickets_late"].format(**view["tickets"])
    return view | {"problem": problem}


async def _events(request: web.Request) -> web.StreamResponse:
    async with request.app[BOARD].changes() as changed:
        return await stream(request, changed, partial(_view, request))


ROUTES = [web.get("/", _show), web.get("/board/events", _events), web.get("/api/status", api(_status))]
