"""The aiohttp application: every request passes `_guard`, which knows who asks and what they may."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp_session
from aiohttp import BasicAuth, web
from aiohttp_session.cookie_storage import EncryptedCookieStorage
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy.orm import Session

from ivr.calls.dispositions import KEYS
from ivr.control_room.board import board
from ivr.settings import Settings
from ivr.store import calls, controllers
from ivr.store.database import Database
from ivr.store.schema import Call
from ivr.tickets import embedded, outbox
from ivr.web.access import GRANTS, OPEN, audit, sign_in
from recordings import catalogue

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DATABASE = web.AppKey("database", Database)
SETTINGS = web.AppKey("settings", Settings)
FAILURES = web.AppKey("failures", dict[str, list[float]])
PAGES = web.AppKey("pages", Environment)

MOST_FAILURES, WITHIN = 5, 300.0  # wrong passwords for one name from one address, in seconds
SESSION = 8 * 3600
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; media-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def make_app(settings: Settings, database: Database, session_key: bytes) -> web.Application:
    """`session_key`: 32 bytes that encrypt the session cookies."""
    storage = EncryptedCookieStorage(session_key, cookie_name="ivr", samesite="Strict", httponly=True, max_age=SESSION)
    app = web.Application(middlewares=[aiohttp_session.session_middleware(storage), _guard])
    app[DATABASE], app[SETTINGS], app[FAILURES] = database, settings, {}
    here = Path(__file__).parent
    app[PAGES] = Environment(loader=FileSystemLoader(here / "templates"), autoescape=select_autoescape())
    app.add_routes(
        [
            web.get("/sign-in", _sign_in_page),
            web.post("/sign-in", _sign_in),
            web.post("/sign-out", _sign_out),
            web.get("/style.css", lambda _: _file(here / "static" / "style.css")),
            web.get("/", _page("board", _board)),
            web.get("/calls", _page("calls", _calls)),
            web.get("/tickets", _page("tickets", _tickets)),
            web.get("/recordings", _page("recordings", _recordings)),
            web.get("/recordings/{id}/audio", _audio),
            web.get("/api/status", _api(_board)),
            web.get("/api/calls", _api(_calls)),
            web.get("/api/tickets", _api(_tickets)),
            web.get("/api/recordings", _api(_recordings)),
            web.put("/api/calls/{id}/disposition", _dispose),
            web.get("/metrics", _metrics),
        ]
    )
    return app


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    resource = request.match_info.route.resource
    method = "GET" if request.method == "HEAD" else request.method
    route = (method, resource.canonical if resource else "")
    try:
        if request.method not in ("GET", "HEAD") and request.headers.get("Sec-Fetch-Site") in (
            "cross-site",
            "same-site",
        ):
            raise web.HTTPForbidden(text="this request came from another site")
        if route not in OPEN:
            await _let_in(request, GRANTS.get(route, frozenset()))
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(HEADERS)
        raise
    response.headers.update(HEADERS)
    return response


async def _let_in(request: web.Request, roles: frozenset[str]) -> None:
    """Sets request["user"], ["role"] and ["operator"], or raises the answer to give."""
    session = await aiohttp_session.get_session(request)
    if session.get("user"):
        request["user"], request["role"], request["operator"] = session["user"], session["role"], session["operator"]
    elif header := request.headers.get("Authorization"):
        await _basic(request, header)
    elif request.path.startswith(("/api", "/metrics")):
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="Numero Nero"'})
    else:
        raise web.HTTPSeeOther("/sign-in")
    if request["role"] not in roles:
        raise web.HTTPForbidden(text=f"the role {request['role']} may not do this")


async def _basic(request: web.Request, header: str) -> None:
    try:
        given = BasicAuth.decode(header)
    except ValueError:
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="Numero Nero"'}) from None
    await _check(request, given.login, given.password)


async def _check(request: web.Request, name: str, password: str) -> None:
    failures = request.app[FAILURES].setdefault(f"{name}@{request.remote}", [])
    failures[:] = [at for at in failures if at > time.monotonic() - WITHIN]
    if len(failures) >= MOST_FAILURES:
        raise web.HTTPTooManyRequests(text="too many wrong passwords; wait five minutes")
    user = await _read(request, lambda session: sign_in(session, name, password))
    if user is None:
        failures.append(time.monotonic())
        raise web.HTTPUnauthorized(text="wrong name or password")
    request["user"], request["role"], request["operator"] = user.name, user.role, user.operator


async def _read(request: web.Request, query: Callable[[Session], Any]) -> Any:
    def work() -> Any:
        with request.app[DATABASE].read() as session:
            return query(session)

    return await asyncio.to_thread(work)


async def _write(request: web.Request, change: Callable[[Session], Any]) -> Any:
    def work() -> Any:
        with request.app[DATABASE].transaction() as session:
            return change(session)

    return await asyncio.to_thread(work)


def _html(request: web.Request, page: str, **values: Any) -> web.Response:
    text = request.app[PAGES].get_template(f"{page}.html").render(page=page, user=request.get("user"), **values)
    return web.Response(text=text, content_type="text/html")


async def _file(path: Path) -> web.StreamResponse:
    return web.FileResponse(path)


async def _sign_in_page(request: web.Request) -> web.StreamResponse:
    return _html(request, "sign-in", wrong=False)


async def _sign_in(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    try:
        await _check(request, str(form.get("name", "")), str(form.get("password", "")))
    except web.HTTPUnauthorized:
        response = _html(request, "sign-in", wrong=True)
        response.set_status(401)
        return response
    session = await aiohttp_session.new_session(request)
    session["user"], session["role"], session["operator"] = request["user"], request["role"], request["operator"]
    await _write(request, lambda s: audit(s, request["user"], "sign-in"))
    raise web.HTTPSeeOther("/recordings" if request["role"] == "reviewer" else "/")


async def _sign_out(request: web.Request) -> web.StreamResponse:
    (await aiohttp_session.get_session(request)).invalidate()
    raise web.HTTPSeeOther("/sign-in")


def _page(name: str, query: Callable[[Session], Any]) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return _html(request, name, data=await _read(request, query))

    return handler


def _api(query: Callable[[Session], Any]) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        import json

        data = await _read(request, query)
        return web.Response(text=json.dumps(data, default=str), content_type="application/json")

    return handler


def _board(session: Session) -> dict[str, Any]:
    return asdict(board(session, datetime.now(UTC)))


def _calls(session: Session) -> list[dict[str, Any]]:
    hidden = {"caller", "channel"}
    names = [column.name for column in Call.__table__.columns if column.name not in hidden]
    return [{name: getattr(call, name) for name in names} for call in calls.recent(session, 100)]


def _tickets(session: Session) -> list[dict[str, Any]]:
    names = ("number", "type", "subject", "call_id", "created_at")
    return [{name: getattr(ticket, name) for name in names} for ticket in embedded.recent(session, limit=100)]


def _recordings(session: Session) -> list[dict[str, Any]]:
    return [asdict(entry) for entry in catalogue.find(session, limit=100)]


async def _audio(request: web.Request) -> web.StreamResponse:
    def find(session: Session) -> catalogue.Entry:
        entry = catalogue.get(session, request.match_info["id"])
        audit(session, request["user"], "listen", entry.id)
        return entry

    try:
        entry = await _write(request, find)
    except catalogue.CatalogueError as error:
        raise web.HTTPNotFound(text=str(error)) from None
    path = request.app[SETTINGS].recordings_folder / entry.file
    if entry.purged or not path.exists():
        raise web.HTTPGone(text="this recording was deleted")
    return web.FileResponse(path, headers={"Content-Type": "audio/wav"})


async def _dispose(request: web.Request) -> web.StreamResponse:
    """Body `{"disposition": "Q"}`. An operator may give it for calls they served."""
    try:
        wanted = (await request.json())["disposition"]
    except (ValueError, KeyError, TypeError):
        wanted = None
    if wanted not in KEYS.values():
        raise web.HTTPBadRequest(text=f'send {{"disposition": …}} with one of {", ".join(KEYS.values())}')

    def change(session: Session) -> int:
        call = calls.get(session, request.match_info["id"])
        if call is None:
            return 404
        served = {entry.node for entry in calls.journey(session, call.id) if entry.kind == "connected"}
        if not served or (request["role"] == "operator" and request["operator"] not in served):
            return 403 if served else 409
        calls.set_disposition(session, call.id, wanted, datetime.now(UTC))
        audit(session, request["user"], "disposition", call.id)
        return 200

    status = await _write(request, change)
    reasons = {404: "there is no such call", 403: "another operator served this call", 409: "nobody served this call"}
    if status != 200:
        return web.json_response({"error": reasons[status]}, status=status)
    return web.json_response({"call": request.match_info["id"], "disposition": wanted})


async def _metrics(request: web.Request) -> web.StreamResponse:
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    def measure(session: Session) -> dict[str, float]:
        view = board(session, datetime.now(UTC))
        return {
            "ivr_calls_live": len(view.calls),
            "ivr_operators_ready": sum(one.state == "ready" for one in view.operators),
            "ivr_controllers_alive": len(controllers.alive(session, datetime.now(UTC))),
            "ivr_tickets_pending": outbox.pending(session),
        }

    registry = CollectorRegistry()
    for name, value in (await _read(request, measure)).items():
        Gauge(name, name.replace("_", " "), registry=registry).set(value)
    return web.Response(body=generate_latest(registry), content_type="text/plain")
