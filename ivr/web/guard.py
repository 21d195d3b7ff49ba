"""Every request passes the guard, which knows who asks and what they may (`access.GRANTS`)."""

import time

import aiohttp_session
from aiohttp import BasicAuth, web

from ivr.link.messages import LinkError, Refused
from ivr.web.access import GRANTS, OPEN, sign_in
from ivr.web.answers import Handler, html, read, to_json
from ivr.web.labels import language_of
from ivr.web.refusals import said

FAILURES = web.AppKey("failures", dict[str, list[float]])
MOST_FAILURES, WITHIN = 5, 300.0  # wrong passwords for one name from one address, in seconds
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    # Pico draws its arrows and ticks with data: images.
    "img-src 'self' data:; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
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
    except (Refused, LinkError) as error:  # of a controller that was asked something
        # A browser says which language it wants; a program is told it as controllers do.
        reason = said(str(error), language_of(request)) if "Accept-Language" in request.headers else str(error)
        response = to_json({"error": reason}, 409 if isinstance(error, Refused) else 503)
    except web.HTTPException as error:
        error.headers.update(HEADERS)
        if error.status < 400 or "text/html" not in request.headers.get("Accept", ""):
            raise
        response = html(request, "error", error.status)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if route == ("GET", "/static"):
        response.headers["Cache-Control"] = "no-cache"  # kept, but asked about each time
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
    if request.path.startswith("/desk") and not request["operator"]:
        raise web.HTTPConflict(text=f"the user {request['user']} has no operator's code (`ivr users add … --operator`)")


async def _basic(request: web.Request, header: str) -> None:
    try:
        given = BasicAuth.decode(header)
    except ValueError:
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="Numero Nero"'}) from None
    await check(request, given.login, given.password)


async def check(request: web.Request, name: str, password: str) -> None:
    """Raises 401 for a wrong password, 429 after too many. Sets what `_let_in` sets."""
    failures = request.app[FAILURES].setdefault(f"{name}@{request.remote}", [])
    failures[:] = [at for at in failures if at > time.monotonic() - WITHIN]
    if len(failures) >= MOST_FAILURES:
        raise web.HTTPTooManyRequests(text="too many wrong passwords; wait five minutes")
    user = await read(request, lambda session: sign_in(session, name, password))
    if user is None:
        failures.append(time.monotonic())
        raise web.HTTPUnauthorized(text="wrong name or password")
    request["user"], request["role"], request["operator"] = user.name, user.role, user.operator
