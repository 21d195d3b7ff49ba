"""Signing in and out."""

import secrets

import aiohttp_session
from aiohttp import web
from sqlalchemy.orm import Session

from ivr.store import audit
from ivr.store.schema import User
from ivr.web import users
from ivr.web.answers import SETTINGS, html, menu, write
from ivr.web.guard import check


async def _show(request: web.Request) -> web.StreamResponse:
    return html(request, "sign-in", problem="")


async def _sign_in(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    try:
        user = await check(request, str(form.get("name", "")), str(form.get("password", "")))
    except web.HTTPUnauthorized:
        return html(request, "sign-in", 401, problem="wrong")
    except web.HTTPTooManyRequests:
        return html(request, "sign-in", 429, problem="slow")
    raise web.HTTPSeeOther(await _begin(request, user))


async def _begin(request: web.Request, user: User) -> str:
    """Begins a session, another than the browser had before. Returns the first page that the user may open."""
    seconds = request.app[SETTINGS].web.session
    session = await aiohttp_session.new_session(request)

    def begin(store: Session) -> str:
        audit.write(store, user.name, "sign-in")
        return users.begin(store, user.name, seconds)

    session["token"] = await write(request, begin)
    session["browser"] = secrets.token_hex(8)  # tells two browsers of one user apart
    return next((path for path, _ in menu(user.role, user.operator)), "/")


async def _sign_out(request: web.Request) -> web.StreamResponse:
    session = await aiohttp_session.get_session(request)
    if token := session.get("token"):
        await write(request, lambda store: _end(store, request["user"], token))
    session.invalidate()
    raise web.HTTPSeeOther("/sign-in")


def _end(store: Session, user: str, token: str) -> None:
    users.end(store, token)
    audit.write(store, user, "sign-out")


ROUTES = [web.get("/sign-in", _show), web.post("/sign-in", _sign_in), web.post("/sign-out", _sign_out)]
