"""The embedded tickets: `/tickets` to search, `/tickets/N` to work on one, the same as JSON, and as a spreadsheet. Each
search, each opening and each export is in the audit log, and so is each change (`ivr.tickets.desk`).

`GET /api/tickets`: the criteria of `ivr.tickets.search` by name, `limit` and `after`. `PATCH /api/tickets/N`:
`{"state": "open", "type": "PQ"}`, all of it or nothing. `POST /api/tickets/N/comments`: `{"text": "…"}`. 400: a wrong
value, with its name. 404: there is no such ticket. 409: it cannot be done with this one.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.spreadsheets import EXCEL, Row, as_csv, as_excel
from ivr.store import audit, calls
from ivr.store.schema import Recording, Ticket, User
from ivr.tickets import desk, search
from ivr.tickets.desk import DeskError, UnknownTicket
from ivr.tickets.outcome import Policy
from ivr.tickets.search import SearchError
from ivr.tickets.states import NEXT
from ivr.web import journey
from ivr.web.access import LIST_RECORDINGS, SUPERVISE, TICKETS
from ivr.web.answers import SETTINGS, html, read, to_json, write
from ivr.web.labels import labels, language_of
from ivr.web.pages.desk import reader
from ivr.web.v1.answering import HOUSE

MOST_EXPORTED = 100_000
SHOWN = (
    *("number", "type", "state", "subject", "queue", "language", "priority", "assignee", "specialist", "caller"),
    *("call_id", "created_at", "updated_at", "due_at"),
)
# What the audit log does not repeat: it may name somebody.
PRIVATE = ("words", "caller")


class _Comment(msgspec.Struct, forbid_unknown_fields=True):
    text: str


def _row(ticket: Ticket) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in SHOWN}


def _told(one: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names}


def _number(request: web.Request) -> int:
    text = request.match_info["number"]
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise web.HTTPNotFound(text="there is no such ticket")
    return int(text)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except SearchError as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    except UnknownTicket as error:
        raise web.HTTPNotFound(text=str(error)) from None
    except DeskError as error:
        raise web.HTTPConflict(text=str(error)) from None


def _given(request: web.Request) -> dict[str, list[str]]:
    """The criteria; a form sends its empty fields, too."""
    asked = {name: [text for text in request.query.getall(name) if text.strip()] for name in request.query}
    return {name: texts for name, texts in asked.items() if texts and name not in ("limit", "after")}


async def _found(request: web.Request, given: dict[str, list[str]], limit: int, after: str) -> search.Page:
    """Raises SearchError."""
    settings = request.app[SETTINGS]
    policy: Policy = settings.tickets.policy(request.app[HOUSE].callers)
    zone, now = ZoneInfo(settings.recordings.timezone), datetime.now(UTC)
    found = await read(
        request, lambda s: search.find(s, given, policy=policy, zone=zone, now=now, limit=limit, after=after)
    )
    if given and not after:  # its later pages are the same search
        await _note(request, "search-tickets", given)
    return found


async def _note(request: web.Request, action: str, given: dict[str, list[str]], more: str = "") -> None:
    told = [f"{name}={'…' if name in PRIVATE else text}" for name, texts in given.items() for text in texts]
    detail = " ".join([*told, *([more] if more else [])])
    await write(request, lambda session: audit.write(session, request["user"], action, detail=detail))


async def _list_page(request: web.Request) -> web.StreamResponse:
    given, problem, found = _given(request), "", search.Page([], "")
    try:
        found = await _found(request, given, 50, request.query.get("after", ""))
    except SearchError as error:
        problem = str(error)
    query = [(name, text) for name, texts in given.items() for text in texts]
    return html(
        request,
        "tickets",
        400 if problem else 200,
        rows=found.rows,
        given=given,
        problem=problem,
        users=await read(request, _users),
        criteria=list(search.HELP),
        choices=search.CHOICES,
        query=urlencode(query),
        more=urlencode([*query, ("after", found.next)]) if found.next else "",
        exports=request["role"] in SUPERVISE,
        now=datetime.now(UTC),
    )


def _users(session: Session) -> list[str]:
    """Who can have a ticket."""
    chosen = select(User.name).where(User.role.in_(TICKETS), User.removed_at.is_(None))
    return list(session.scalars(chosen.order_by(User.name)))


async def _list(request: web.Request) -> web.Response:
    with _refusals():
        limit = search.page_size(request.query.get("limit", "50"))
        found = await _found(request, _given(request), limit, request.query.get("after", ""))
    return to_json({"tickets": [_row(one) for one in found.rows], "next": found.next or None})


async def _show(request: web.Request) -> web.Response:
    with _refusals():
        whole = await write(request, lambda session: _opened(session, _number(request), request["user"]))
    return to_json(_json(whole))


def _opened(session: Session, number: int, user: str) -> desk.Whole:
    whole = desk.whole(session, number)
    audit.write(session, user, "read-ticket", str(number))
    return whole


def _json(whole: desk.Whole) -> dict[str, Any]:
    return {
        **_row(whole.ticket),
        "fields": whole.ticket.fields,
        "time_left": whole.ticket.time_left,
        "history": [_told(one, "at", "by", "what", "old", "new") for one in whole.changes],
        "comments": [_told(one, "at", "by", "text") for one in whole.comments],
        "links": [_told(one, "at", "title", "url") for one in whole.links],
    }


async def _page(request: web.Request) -> web.StreamResponse:
    with _refusals():
        whole = await write(request, lambda session: _opened(session, _number(request), request["user"]))
    return await _shown(request, whole)


async def _shown(request: web.Request, whole: desk.Whole, problem: str = "", status: int = 200) -> web.Response:
    told, hears = reader(request), request["role"] in LIST_RECORDINGS

    def look(session: Session) -> tuple[list[journey.Line], list[str], list[str]]:
        if (call := whole.call) is None:
            return [], [], _users(session)
        rows, book = calls.journey(session, call.id), told.book_of(call.version)
        lines = journey.lines(rows, call.started_at, book, call.flow, told.words["journey"], told.language)
        there = select(Recording.id).where(Recording.call_id == call.id, Recording.purged_at.is_(None))
        return lines, list(session.scalars(there.order_by(Recording.id))) if hears else [], _users(session)

    lines, recordings, users = await read(request, look)
    choices = {name: search.CHOICES[name] for name in ("type", "priority")}
    values = {"one": whole, "lines": lines, "recordings": recordings, "users": users, "choices": choices}
    return html(request, "ticket", status, **values, next=NEXT, problem=problem, now=datetime.now(UTC))


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
        return await _shown(request, whole, str(error), 409)
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
    return await _done(request, _change(request, await _body(request, dict[str, str])))


async def _commented(request: web.Request) -> web.Response:
    return await _done(request, _comment(request, (await _body(request, _Comment)).text), 201)


async def _done(request: web.Request, work: Callable[[Session], None], status: int = 200) -> web.Response:
    with _refusals():
        await write(request, work)
        return to_json(_json(await read(request, lambda s: desk.whole(s, _number(request)))), status)


async def _body(request: web.Request, kind: Any) -> Any:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.MsgspecError as error:
        raise web.HTTPBadRequest(text=str(error)) from None


async def _csv(request: web.Request) -> web.Response:
    return await _file(request, lambda heads, rows: b"".join(as_csv(heads, rows)), "text/csv", "csv")


async def _excel(request: web.Request) -> web.Response:
    title = labels(language_of(request))["tickets"]["title"]
    return await _file(request, lambda heads, rows: as_excel(heads, rows, title), EXCEL, "xlsx")


async def _file(
    request: web.Request, made: Callable[[list[str], Iterable[Row]], bytes], kind: str, ending: str
) -> web.Response:
    given, words = _given(request), labels(language_of(request))["tickets"]
    rows, after = [], ""
    zone = ZoneInfo(request.app[SETTINGS].recordings.timezone)
    with _refusals():
        while True:
            found = await _found(request, given, search.MOST, after)
            rows += [_cells(one, zone) for one in found.rows]
            if not (after := found.next):
                break
            if len(rows) >= MOST_EXPORTED:
                raise web.HTTPBadRequest(text=f"there are more than {MOST_EXPORTED} tickets; ask for a shorter time")
    await _note(request, "export-tickets", given, f"{len(rows)} tickets")
    content = await asyncio.to_thread(made, [words[name] for name in SHOWN], rows)
    disposition = f'attachment; filename="tickets.{ending}"'
    return web.Response(body=content, content_type=kind, headers={"Content-Disposition": disposition})


def _cells(ticket: Ticket, zone: ZoneInfo) -> Row:
    def cell(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(zone)
        return int(value) if isinstance(value, bool) else "" if value is None else value

    return [cell(getattr(ticket, name)) for name in SHOWN]


ROUTES = [
    web.get("/tickets", _list_page),
    web.get("/tickets.csv", _csv),
    web.get("/tickets.xlsx", _excel),
    web.get("/tickets/{number}", _page),
    web.post("/tickets/{number}/changes", _changed_on_page),
    web.post("/tickets/{number}/comments", _commented_on_page),
    web.get("/api/tickets", _list),
    web.get("/api/tickets/{number}", _show),
    web.patch("/api/tickets/{number}", _changed),
    web.post("/api/tickets/{number}/comments", _commented),
]
