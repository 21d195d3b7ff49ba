"""Signing in and out."""

import secrets

import aiohttp_session
from aiohttp import web

from ivr.store import audit
from ivr.web.answers import html, menu, write
from ivr.web.guard import check


async def _show(request: web.Request) -> web.StreamResponse:
    return html(request, "sign-in", problem="")


async def _sign_in(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    try:
        await check(request, str(form.get("name", "")), str(form.get("password", "")))
    except web.HTTPUnauthorized:
        return html(request, "sign-in", 401, problem="wrong")
    except web.HTTPTooManyRequests:
        return html(request, "sign-in", 429, problem="slow")
    session = await aiohttp_session.new_session(request)
    session["user"], session["role"], session["operator"] = request["user"], request["role"], request["operator"]
    session["browser"] = secrets.token_hex(8)  # tells two browsers of one user apart
    await write(request, lambda s: audit.write(s, request["user"], "sign-in"))
    raise web.HTTPSeeOther(next((path for path, _ in menu(request["role"], request["operator"])), "/"))


async def _sign_out(request: web.Request) -> web.StreamResponse:
    (await aiohttp_session.get_session(request)).invalidate()
    raise web.HTTPSeeOther("/sign-in")


ROUTES = [web.get("/sign-in", _show), web.post("/sign-in", _sign_in), web.post("/sign-out", _sign_out)]
