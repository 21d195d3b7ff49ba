"""The designers' page: the flows with what the checker finds, their graphs with today's calls, their prompts."""

import asyncio
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy.orm import Session

from asterisk_conf import graphviz, tree
from ivr.flow.graph import graph, with_calls
from ivr.flow.graph.dot import dot
from ivr.flow.graph.svg import svg
from ivr.flow.model import Book
from ivr.prompts.library import PromptError
from ivr.store.passages import passages
from ivr.web.answers import SETTINGS, html, read
from ivr.web.shelf import DRAFT, NotThere, Shelf, Shelves

SHELVES = web.AppKey("shelves", Shelves)
# A picture brings its own style; as a document of its own it may do nothing else.
PICTURE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


async def shelf_of(request: web.Request) -> Shelf:
    """The shelf that the path names. Raises 404."""
    try:
        return await asyncio.to_thread(request.app[SHELVES].get, request.match_info.get("source", DRAFT))
    except NotThere:
        raise web.HTTPNotFound(text="there is no such version of the flows") from None


def flow_of(request: web.Request, shelf: Shelf) -> str:
    """A flow's name, as the path has it. Raises 404."""
    name = request.match_info["flow"]
    if name not in shelf.flows:
        raise web.HTTPNotFound(text=f"there is no flow {name}")
    return name


async def _list(request: web.Request) -> web.StreamResponse:
    shelf = await shelf_of(request)
    flows = [
        {
            "name": name,
            "flow": shelf.book.flows.get(name),
            "errors": sum(one.severity == "error" for one in shelf.findings_of(name)),
            "warnings": sum(one.severity == "warning" for one in shelf.findings_of(name)),
        }
        for name in shelf.flows
    ]
    return html(request, "flows", shelf=shelf, flows=flows)


async def _show(request: web.Request) -> web.StreamResponse:
    shelf = await shelf_of(request)
    name = flow_of(request, shelf)
    flow, findings = shelf.book.flows.get(name), shelf.findings_of(name)
    now = datetime.now(shelf.book.zone(flow)) if flow else None
    return html(
        request,
        "flow",
        shelf=shelf,
        name=name,
        flow=flow,
        findings=findings,
        runs=shelf.runs(name),
        now=now,
    )


async def _graph(request: web.Request) -> web.StreamResponse:
    shelf = await shelf_of(request)
    name = flow_of(request, shelf)
    if name not in shelf.book.flows:
        raise web.HTTPConflict(text=f"flow {name} cannot be read; its findings say why")
    zone = ZoneInfo(request.app[SETTINGS].recordings.timezone)
    today = datetime.now(zone).date()
    since, until = (datetime.combine(day, time(), zone) for day in (today, today + timedelta(days=1)))

    def counted(session: Session) -> list[tuple[str, str, str, int]]:
        return passages(session, name, since, until)

    calls = await read(request, counted)
    try:
        picture = await asyncio.to_thread(_draw, shelf.book, name, calls, f"{today}", shelf.source)
    except graphviz.GraphvizError as error:
        raise web.HTTPServiceUnavailable(text=str(error)) from None
    # Set here, since the guard leaves a policy of our own as it is.
    headers = {"Content-Security-Policy": PICTURE}
    return web.Response(text=picture, content_type="image/svg+xml", headers=headers)


def _draw(book: Book, name: str, calls: list[tuple[str, str, str, int]], period: str, source: str) -> str:
    drawn, _ = with_calls(graph(book, name), calls)
    layout = graphviz.layout(tree.ensure(lambda line: None), dot(drawn))
    return svg(drawn, layout, link=lambda other: f"/flows/{source}/{other}", period=period)


async def _prompt(request: web.Request) -> web.StreamResponse:
    """The sound of a prompt that holds no value."""
    shelf = await shelf_of(request)
    wanted: dict[str, Any] = dict(request.match_info)
    flow = shelf.book.flows.get(flow_of(request, shelf))
    prompt = flow.prompts.get(wanted["prompt"]) if flow else None
    if flow is None or prompt is None or wanted["language"] not in flow.languages:
        raise web.HTTPNotFound(text="there is no such prompt")
    say = prompt.say(wanted["language"])
    if "{" in say.text and not say.recording:
        raise web.HTTPNotFound(text="this prompt holds values of a call")
    try:
        path = await asyncio.to_thread(shelf.library.make, say)
    except PromptError as error:
        raise web.HTTPNotFound(text=str(error)) from None
    return web.FileResponse(path, headers={"Content-Type": "audio/wav"})


ROUTES = [
    web.get("/flows", _list),
    web.get("/flows/{source}", _list),
    web.get("/flows/{source}/{flow}", _show),
    web.get("/flows/{source}/{flow}/graph", _graph),
    web.get("/flows/{source}/{flow}/prompts/{prompt}/{language}", _prompt),
]
