"""What every page needs: the store in a thread, HTML from a template, JSON."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Session

from ivr.control_room.lines import Lines
from ivr.settings import Settings
from ivr.store.database import Database
from ivr.web.access import GRANTS
from ivr.web.labels import LANGUAGES, labels, language_of
from recordings.vault import Vault

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DATABASE = web.AppKey("database", Database)
SETTINGS = web.AppKey("settings", Settings)
VAULT = web.AppKey("vault", Vault)
LINES = web.AppKey("lines", Lines)
TEMPLATES = web.AppKey("templates", Environment)
CLOSING = web.AppKey("closing", asyncio.Event)  # what lasts as long as a page ends when this is set

# The menu, in order: path and the catalogue's key. A role sees the pages it may open.
MENU = (
    ("/", "board"),
    ("/desk", "desk"),
    ("/calls", "calls"),
    ("/tickets", "tickets"),
    ("/review", "review"),
    ("/recordings", "recordings"),
    ("/originals", "originals"),
    ("/retention", "retention"),
    ("/flows", "flows"),
)


def templates(settings: Settings) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    zone = ZoneInfo(settings.recordings.timezone)
    environment.filters["local"] = lambda at: f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    return environment


def menu(role: str, operator: str) -> list[tuple[str, str]]:
    """`operator`: the user's code as one, "" for none."""
    return [(path, name) for path, name in MENU if role in GRANTS["GET", path] and (operator or path != "/desk")]


async def read(request: web.Request, query: Callable[[Session], T]) -> T:
    def work() -> T:
        with request.app[DATABASE].read() as session:
            return query(session)

    return await asyncio.to_thread(work)


async def write(request: web.Request, change: Callable[[Session], T]) -> T:
    """In one transaction."""

    def work() -> T:
        with request.app[DATABASE].transaction() as session:
            return change(session)

    return await asyncio.to_thread(work)


def html(request: web.Request, page: str, status: int = 200, **values: Any) -> web.Response:
    language = language_of(request)
    text = (
        request.app[TEMPLATES]
        .get_template(f"{page}.html")
        .render(
            page=page,
            status=status,
            path=request.path,
            t=labels(language),
            language=language,
            languages=LANGUAGES,
            user=request.get("user"),
            role=request.get("role"),
            menu=menu(request.get("role", ""), request.get("operator", "")),
            **values,
        )
    )
    return web.Response(text=text, content_type="text/html", status=status)


def to_json(data: Any, status: int = 200) -> web.Response:
    def plain(value: Any) -> str:
        return value.isoformat() if isinstance(value, datetime) else str(value)

    return web.json_response(data, status=status, dumps=lambda one: json.dumps(one, default=plain))


async def body(request: web.Request, kind: type[T], *, empty: bytes = b"") -> T:
    """What was sent, as `kind`; `empty` stands for nothing. Raises HTTPBadRequest."""
    try:
        return msgspec.json.decode(await request.read() or empty, type=kind)
    except msgspec.MsgspecError as error:
        raise web.HTTPBadRequest(text=str(error)) from None


async def file(name: str, kind: str, made: Callable[[], bytes]) -> web.Response:
    """Something to keep, `made` in a thread."""
    content = await asyncio.to_thread(made)
    disposition = f'attachment; filename="{name}"'
    return web.Response(body=content, content_type=kind, headers={"Content-Disposition": disposition})


def page(name: str, query: Callable[[Session], Any]) -> Handler:
    """A page that shows what one query gives."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return html(request, name, data=await read(request, query))

    return handler


def api(query: Callable[[Session], Any]) -> Handler:
    """The same as JSON."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return to_json(await read(request, query))

    return handler
