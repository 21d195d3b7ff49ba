"""The designers' page: the flows with what the checker finds, their graphs with today's calls, their prompts."""

import asyncio
from datetime import datetime
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy.orm import Session

from asterisk_conf import graphviz, tree
from ivr.days import bounds
from ivr.flow.graph import graph, with_calls
from ivr.flow.graph.dot import dot
from ivr.flow.graph.svg import svg
from ivr.flow.model import Book
from ivr.prompts.library import PromptError
from ivr.publishing.publish import differs
from ivr.store import calls, flow_versions
from ivr.store.passages import passages
from ivr.web.access import GRANTS
from ivr.web.answers import DATABASE, SETTINGS, html, read
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
    return await listed(request, await shelf_of(request))


async def listed(request: web.Request, shelf: Shelf, status: int = 200, **said: Any) -> web.Response:
    """The list of flows and versions; `problem` and `failures` say why nothing was published."""
    flows = [
        {
            "name": name,
            "flow": shelf.book.flows.get(name),
            "errors": sum(one.severity == "error" for one in shelf.findings_of(name)),
            "warnings": sum(one.severity == "warning" for one in shelf.findings_of(name)),
        }
        for name in shelf.flows
    ]
    versions = await read(request, _versions)
    changed = await asyncio.to_thread(_differs, request)
    may_publish = request["role"] in GRANTS["POST", "/flow-versions"]
    said = {"problem": "", "failures": []} | said
    return html(
        request,
        "flows",
        status,
        shelf=shelf,
        flows=flows,
        versions=versions,
        active=next((one["number"] for one in versions if one["active"]), 0),
        changed=changed,
        may_publish=may_publish,
        **said,
    )


def _versions(session: Session) -> list[dict[str, Any]]:
    """Newest first; `before` is the version that a diff compares with."""
    active = flow_versions.active(session)
    running = [call.version for call in calls.live(session)]
    rows = flow_versions.versions(session)
    return [
        {
            "number": row.number,
            "before": older.number if older else 0,
            "created_at": row.created_at,
            "author": row.author,
            "note": row.note,
            "active": active is not None and active.version == row.number,
            "since": active.since if active and active.version == row.number else None,
            "calls": running.count(row.number),
        }
        for row, older in zip_longest(rows, rows[1:])
    ]


def _differs(request: web.Request) -> bool:
    """Whether the folder holds what is not published."""
    try:
        return differs(request.app[DATABASE], request.app[SETTINGS].flows.folder)
    except OSError:
        return False


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
    since, until = bounds(today, zone)

    def counted(session: Session) -> list[tuple[str, str, str, int]]:
        return passages(session, name, since, until)

    passed = await read(request, counted)
    try:
        picture = await asyncio.to_thread(_draw, shelf.book, name, passed, f"{today}", shelf.source)
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
