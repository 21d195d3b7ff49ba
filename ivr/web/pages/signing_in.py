"""Signing in and out."""

import logging
import secrets

import aiohttp_session
from aiohttp import web
from sqlalchemy.orm import Session

from ivr.store import audit
from ivr.store.schema import User
from ivr.web import users
from ivr.web.answers import SETTINGS, html, menu, write
from ivr.web.guard import check
from ivr.web.openid import Attempt, OpenIdError, Provider, role_of

log = logging.getLogger(__name__)


OPENID = web.AppKey("openid", Provider)
ATTEMPT, ATTEMPT_SECONDS = "ivr-attempt", 600


def _form(request: web.Request, problem: str = "", status: int = 200) -> web.Response:
    """`problem`: a code of the labels."""
    return html(request, "sign-in", status, problem=problem, openid=OPENID in request.app)


async def _show(request: web.Request) -> web.StreamResponse:
    return _form(request)


async def _sign_in(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    try:
        user = await check(request, str(form.get("name", "")), str(form.get("password", "")))
    except web.HTTPUnauthorized:
        return _form(request, "wrong", 401)
    except web.HTTPTooManyRequests:
        return _form(request, "slow", 429)
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
    if there := await _sign_out_there(request):
        return html(request, "elsewhere", target=there)
    raise web.HTTPSeeOther("/sign-in")


async def _sign_out_there(request: web.Request) -> str:
    """Where to sign out of the provider: or whoever uses this browser next comes in as who has left."""
    provider = request.app.get(OPENID)
    if provider is None or not request["subject"]:
        return ""
    try:
        return await provider.sign_out()
    except OpenIdError as error:
        log.warning("signing out at the OpenID provider: %s", error)
        return ""


def _end(store: Session, user: str, token: str) -> None:
    users.end(store, token)
    audit.write(store, user, "sign-out")


async def _openid(request: web.Request) -> web.StreamResponse:
    """To the provider. The browser keeps the attempt in a cookie that comes back with the provider's answer."""
    provider, attempt = _provider(request), Attempt()
    try:
        there = await provider.sign_in(attempt)
    except OpenIdError as error:
        return _not_let_in(request, error.code, str(error))
    answer = web.Response(status=303, headers={"Location": there})
    secure = provider.address.startswith("https:")
    answer.set_cookie(
        ATTEMPT,
        str(attempt),
        max_age=ATTEMPT_SECONDS,
        path="/sign-in/openid",
        httponly=True,
        samesite="Lax",
        secure=secure,
    )
    return answer


async def _back(request: web.Request) -> web.StreamResponse:
    """From the provider. The page that answers goes on by itself: the cookie of our session is not sent with a request
    that another site has caused."""
    provider = _provider(request)
    try:
        attempt = Attempt.read(request.cookies.get(ATTEMPT, ""))
        claims = await provider.claims(request.query, attempt)
    except OpenIdError as error:
        return _not_let_in(request, error.code, str(error))
    wanted = provider.wanted
    subject, name = f"{wanted.issuer} {claims['sub']}", str(claims.get(wanted.name_claim, ""))
    role, operator = role_of(claims, wanted), str(claims.get(wanted.operator_claim, ""))
    user = await write(request, lambda store: users.arrive(store, subject, name, role, operator))
    if isinstance(user, users.NotLetIn):
        return _not_let_in(request, user.code, user.why)
    answer = html(request, "elsewhere", target=await _begin(request, user))
    answer.del_cookie(ATTEMPT, path="/sign-in/openid")
    return answer


def _provider(request: web.Request) -> Provider:
    if (provider := request.app.get(OPENID)) is None:
        raise web.HTTPNotFound(text="there is no OpenID provider: openid.issuer is not set")
    return provider


def _not_let_in(request: web.Request, code: str, why: str) -> web.Response:
    log.warning("signing in at the OpenID provider: %s", why)
    answer = _form(request, code, 503 if code == "provider" else 403)
    answer.del_cookie(ATTEMPT, path="/sign-in/openid")
    return answer


ROUTES = [
    web.get("/sign-in", _show),
    web.post("/sign-in", _sign_in),
    web.get("/sign-in/openid", _openid),
    web.get("/sign-in/openid/back", _back),
    web.post("/sign-out", _sign_out),
]
