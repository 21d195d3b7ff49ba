"""The embedded tickets: `/tickets` to search, the same as JSON, and as a spreadsheet. Each search and each export is in
the audit log. One ticket: `pages/ticket.py`.

`GET /api/tickets`: the criteria of `ivr.tickets.search` by name, `limit` and `after`. 400: a wrong value, with its
name.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.spreadsheets import EXCEL, Row, as_csv, as_excel
from ivr.store import audit, outbox
from ivr.store.schema import Ticket, User
from ivr.tickets import search
from ivr.tickets.desk import DeskError, UnknownTicket
from ivr.tickets.outcome import Policy
from ivr.tickets.search import SearchError
from ivr.web.access import SUPERVISE, TICKETS
from ivr.web.answers import SETTINGS, file, html, read, to_json, write
from ivr.web.labels import labels, language_of
from ivr.web.refusals import told
from ivr.web.v1.answering import HOUSE

MOST_EXPORTED = 100_000
SHOWN = (
    *("number", "type", "state", "subject", "queue", "language", "priority", "assignee", "specialist", "caller"),
    *("call_id", "created_at", "updated_at", "due_at"),
)
# What the audit log does not repeat: it may name somebody.
PRIVATE = ("words", "caller")


def row(ticket: Ticket) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in SHOWN}


@contextmanager
def refusals() -> Iterator[None]:
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
        problem = told(request, error, "tickets")
    query = [(name, text) for name, texts in given.items() for text in texts]
    standing = await read(request, lambda session: outbox.standing(session, datetime.now(UTC)))
    late = standing.alarm(request.app[SETTINGS].tickets.alarm_after) if request["role"] in SUPERVISE else None
    return html(
        request,
        "tickets",
        400 if problem else 200,
        rows=found.rows,
        given=given,
        problem=problem,
        late=late and labels(language_of(request))["board"]["tickets_late"].format(**late),
        users=await read(request, users),
        criteria=list(search.HELP),
        choices=search.CHOICES,
        query=urlencode(query),
        more=urlencode([*query, ("after", found.next)]) if found.next else "",
        exports=request["role"] in SUPERVISE,
        now=datetime.now(UTC),
    )


def users(session: Session) -> list[str]:
    """Who can have a ticket."""
    chosen = select(User.name).where(User.role.in_(TICKETS), User.removed_at.is_(None))
    return list(session.scalars(chosen.order_by(User.name)))


async def _list(request: web.Request) -> web.Response:
    with refusals():
        limit = search.page_size(request.query.get("limit", "50"))
        found = await _found(request, _given(request), limit, request.query.get("after", ""))
    return to_json({"tickets": [row(one) for one in found.rows], "next": found.next or None})


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
    with refusals():
        while True:
            found = await _found(request, given, search.MOST, after)
            rows += [_cells(one, zone) for one in found.rows]
            if not (after := found.next):
                break
            if len(rows) >= MOST_EXPORTED:
                raise web.HTTPBadRequest(text=f"there are more than {MOST_EXPORTED} tickets; ask for a shorter time")
    await _note(request, "export-tickets", given, f"{len(rows)} tickets")
    return await file(f"tickets.{ending}", kind, lambda: made([words[name] for name in SHOWN], rows))


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
    web.get("/api/tickets", _list),
]
