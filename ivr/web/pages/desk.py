"""The operators' page: where they stand, their call, what they say of it; live by server-sent events."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy.orm import Session

from ivr.flow.findings import FlowErrors
from ivr.flow.model import Book
from ivr.store import calls, operators
from ivr.store.database import StoreError
from ivr.web.answers import SETTINGS, html, read, to_json, write
from ivr.web.desk import Reader, Watch, targets, view
from ivr.web.labels import labels, language_of
from ivr.web.pages.flows import SHELVES
from ivr.web.shelf import NotThere
from ivr.web.streams import stream

WATCH = web.AppKey("watch", Watch)
LONGEST_NOTE = 2000


def reader(request: web.Request) -> Reader:
    shelves, language = request.app[SHELVES], language_of(request)

    def book_of(version: int) -> Book:
        try:
            return shelves.get(str(version)).book
        except (NotThere, StoreError, FlowErrors, OSError):  # an operator can work without the flow's words
            return Book({}, {}, {})

    zone = ZoneInfo(request.app[SETTINGS].recordings.timezone)
    return Reader(book_of, labels(language), language, zone)


async def _show(request: web.Request) -> web.StreamResponse:
    code, told = request["operator"], reader(request)

    def facts(session: Session) -> tuple[str, dict[str, object]]:
        operator = operators.get(session, code)
        return operator.name if operator else "", view(session, code, datetime.now(UTC), told)

    name, seen = await read(request, facts)
    return html(request, "desk", code=code, name=name, view=seen)


async def _events(request: web.Request) -> web.StreamResponse:
    """A stream of `view`s: the first at once, then one whenever something has changed."""
    code, told = request["operator"], reader(request)

    async def seen() -> object:
        return await read(request, lambda session: view(session, code, datetime.now(UTC), told))

    async with request.app[WATCH].of(code) as changed:
        return await stream(request, changed, seen)


async def _targets(request: web.Request) -> web.StreamResponse:
    code, told = request["operator"], reader(request)
    return to_json(await read(request, lambda session: targets(session, code, told)))


async def _note(request: web.Request) -> web.StreamResponse:
    """Body `{"note": "..."}`, about a call that the operator served."""
    try:
        note = (await request.json())["note"]
    except (ValueError, KeyError, TypeError):
        note = None
    if not isinstance(note, str) or len(note) > LONGEST_NOTE:
        raise web.HTTPBadRequest(text=f'send {{"note": …}}, up to {LONGEST_NOTE} characters')
    call, code = request.match_info["id"], request["operator"]

    def change(session: Session) -> bool:
        rows = calls.journey(session, call)
        if not any(row.kind == "connected" and row.node == code for row in rows):
            return False
        return calls.set_note(session, call, note.strip(), datetime.now(UTC))

    if not await write(request, change):
        return to_json({"error": "you served no such call"}, 404)
    return to_json({"call": call})


ROUTES = [
    web.get("/desk", _show),
    web.get("/desk/events", _events),
    web.get("/desk/targets", _targets),
    web.put("/desk/calls/{id}/note", _note),
]
