"""One embedded ticket: `/tickets/N` to work on it, and the same as JSON. Each opening is in the audit log, and so is
each change (`ivr.tickets.desk`).

`PATCH /api/tickets/N`: `{"state": "open", "type": "PQ"}`, all of it or nothing. `POST /api/tickets/N/comments`:
`{"text": "…"}`. 404: there is no such ticket. 409: it cannot be done with this one.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.store import audit, calls
from ivr.store.schema import Recording
from ivr.tickets import desk, search
from ivr.tickets.desk import DeskError, UnknownTicket
from ivr.tickets.states import NEXT
from ivr.web import fields, journey
from ivr.web.access import LIST_RECORDINGS
from ivr.web.answers import SETTINGS, TEMPLATES, body, html, read, to_json, write
from ivr.web.pages.desk import reader
from ivr.web.pages.tickets import refusals, row, users
from ivr.web.refusals import told


class _Comment(msgspec.Struct, forbid_unknown_fields=True):
    text: str


def _told(one: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names}


def _number(request: web.Request) -> int:
    text = request.match_info["number"]
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise web.HTTPNotFound(text="there is no such ticket")
    return int(text)


async def _show(request: web.Request) -> web.Response:
    with refusals():
        whole = await write(request, lambda session: _opened(session, _number(request), request["user"]))
    return to_json(_json(whole))


def _opened(session: Session, number: int, user: str) -> desk.Whole:
    whole = desk.whole(session, number)
    audit.write(session, user, "read-ticket", str(number))
    return whole


def _json(whole: desk.Whole) -> dict[str, Any]:
    return {
        **row(whole.ticket),
        "fields": whole.ticket.fields,
        "time_left": whole.ticket.time_left,
        "history": [_told(one, "at", "by", "what", "old", "new") for one in whole.changes],
        "comments": [_told(one, "at", "by", "text") for one in whole.comments],
        "links": [_told(one, "at", "title", "url") for one in whole.links],
    }


async def _page(request: web.Request) -> web.StreamResponse:
    with refusals():
        whole = await write(request, lambda session: _opened(session, _number(request), request["user"]))
    return await _shown(request, whole)


async def _shown(request: web.Request, whole: desk.Whole, problem: str = "", status: int = 200) -> web.Response:
    told, hears = reader(request), request["role"] in LIST_RECORDINGS

    def look(session: Session) -> tuple[list[journey.Line], list[str], list[str]]:
        if (call := whole.call) is None:
            return [], [], users(session)
        rows, book = calls.journey(session, call.id), told.book_of(call.version)
        lines = journey.lines(rows, call.started_at, book, call.flow, told.words["journey"], told.language)
        there = select(Recording.id).where(Recording.call_id == call.id, Recording.purged_at.is_(None))
        return lines, list(session.scalars(there.order_by(Recording.id))) if hears else [], users(session)

    lines, recordings, everybody = await read(request, look)
    choices = {name: search.CHOICES[name] for name in ("type", "priority")}
    said = fields.lines(whole.ticket.fields, told.words, request.app[TEMPLATES].filters["local"])
    values = {"one": whole, "fields": said, "lines": lines, "recordings": recordings, "users": everybody}
    return html(request, "ticket", status, **values, choices=choices, next=NEXT, problem=problem, now=datetime.now(UTC))


async def _changed_on_page(request: web.Request) -> web.StreamResponse:
    """Form: `what` and `value`."""
    form = await request.post()
    return await _done_on_page(request, _change(request, {str(form.get("what", "")): str(form.get("value", ""))}))


async def _commented_on_page(request: web.Request) -> web.StreamResponse:
    """Form: `text`."""
    return await _done_on_page(request, _comment(request, str((await request.post()).get("text", ""))))


async def _done_on_page(request: web.Request, work: Callable[[Session], None]) -> web.StreamResponse:
    number = _number(request)
    try:
        await write(request, work)
    except UnknownTicket as error:
        raise web.HTTPNotFound(text=str(error)) from None
    except DeskError as error:
        whole = await read(request, lambda session: desk.whole(session, number))
        return await _shown(request, whole, told(request, error, "tickets"), 409)
    raise web.HTTPSeeOther(f"/tickets/{number}")


def _change(request: web.Request, wanted: dict[str, str]) -> Callable[[Session], None]:
    number, user, terms = _number(request), request["user"], request.app[SETTINGS].tickets.terms()

    def change(session: Session) -> None:
        for what, value in wanted.items():
            desk.change(session, number, what, value, by=user, now=datetime.now(UTC), terms=terms)

    return change


def _comment(request: web.Request, text: str) -> Callable[[Session], None]:
    number, user = _number(request), request["user"]

    def comment(session: Session) -> None:
        desk.comment(session, number, text, by=user, now=datetime.now(UTC))

    return comment


async def _changed(request: web.Request) -> web.Response:
    return await _done(request, _change(request, await body(request, dict[str, str])))


async def _commented(request: web.Request) -> web.Response:
    return await _done(request, _comment(request, (await body(request, _Comment)).text), 201)


async def _done(request: web.Request, work: Callable[[Session], None], status: int = 200) -> web.Response:
    with refusals():
        await write(request, work)
        return to_json(_json(await read(request, lambda s: desk.whole(s, _number(request)))), status)


ROUTES = [
    web.get("/tickets/{number}", _page),
    web.post("/tickets/{number}/changes", _changed_on_page),
    web.post("/tickets/{number}/comments", _commented_on_page),
    web.get("/api/tickets/{number}", _show),
    web.patch("/api/tickets/{number}", _changed),
    web.post("/api/tickets/{number}/comments", _commented),
]
