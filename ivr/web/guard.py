"""Every request passes the guard, which knows who asks and what they may (`access.GRANTS`)."""

import asyncio
import hmac
import ipaddress
import logging
import time
from concurrent.futures import ThreadPoolExecutor

import aiohttp_session
from aiohttp import BasicAuth, web

from ivr.link.messages import LinkError, Refused
from ivr.store.database import StoreError
from ivr.store.schema import User
from ivr.web import users
from ivr.web.access import GRANTS, OPEN
from ivr.web.answers import DATABASE, SETTINGS, Handler, html, read, to_json
from ivr.web.refusals import told
from ivr.web.throttle import Throttle
from ivr.web.v1.door import through
from ivr.web.v1.operations import PREFIX

log = logging.getLogger(__name__)
THROTTLE = web.AppKey("throttle", Throttle)
KNOWN = web.AppKey("known", dict[str, User])  # by the token of their session, who was here last at the end
SCRAPER = web.AppKey("scraper", str)  # what Prometheus shows at /metrics, "" for none
METRICS = ("GET", "/metrics")
MOST_KNOWN = 5000
# Few, so that passwords take little memory, and that not many are tried before the throttle knows of the first.
_THREADS = ThreadPoolExecutor(2, "passwords")
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
    if request.path.startswith(PREFIX) and route not in GRANTS:
        return _with_headers(await through(request, handler))  # a key, which no other site has
    try:
        if request.method not in ("GET", "HEAD") and request.headers.get("Sec-Fetch-Site") in (
            "cross-site",
            "same-site",
        ):
            raise web.HTTPForbidden(text="this request came from another site")
        if route not in OPEN and not (route == METRICS and _is_scraper(request)):
            await _let_in(request, GRANTS.get(route, frozenset()))
        response = await handler(request)
    except (Refused, LinkError) as error:  # of a controller that was asked something
        response = to_json({"error": told(request, error)}, 409 if isinstance(error, Refused) else 503)
    except web.HTTPException as error:
        error.headers.update(HEADERS)
        if error.status < 400 or "text/html" not in request.headers.get("Accept", ""):
            raise
        response = html(request, "error", error.status, why=request.get("why", str(error.status)))
    if route == ("GET", "/static"):
        response.headers["Cache-Control"] = "no-cache"  # kept, but asked about each time
    return _with_headers(response)


def _with_headers(response: web.StreamResponse) -> web.StreamResponse:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def _let_in(request: web.Request, roles: frozenset[str]) -> None:
    """Sets request["user"], ["role"], ["operator"] and ["subject"], or raises the answer to give."""
    user = await _signed_in(request)
    if user is None and (header := request.headers.get("Authorization")):
        user = await _basic(request, header)
    if user is None:
        if request.path.startswith(("/api", "/metrics")):
            raise _unknown()
        raise web.HTTPSeeOther("/sign-in")
    request["user"], request["role"], request["operator"] = user.name, user.role, user.operator
    request["subject"] = user.subject
    if user.role not in roles:
        raise web.HTTPForbidden(text=f"the role {user.role} may not do this")
    if request.path.startswith("/desk") and not user.operator:
        raise web.HTTPConflict(text=f"the user {user.name} has no operator's code (`ivr users add … --operator`)")


def _is_scraper(request: web.Request) -> bool:
    """A secret that opens the figures alone, and does so while the store, which knows the users, is away."""
    shown, wanted = request.headers.get("Authorization", ""), request.app[SCRAPER]
    return bool(wanted) and hmac.compare_digest(shown.encode(), f"Bearer {wanted}".encode())


async def _signed_in(request: web.Request) -> User | None:
    """Whose browser it is. A cookie that we did not make, or whose time is over, is nobody's. While the store is away
    who was there before stays: an operator's call goes on, and so do its buttons."""
    token, known = (await aiohttp_session.get_session(request)).get("token"), request.app[KNOWN]
    if not token:
        return None
    try:
        user = await read(request, lambda session: users.who(session, token))
    except StoreError:
        return known.get(token)
    known.pop(token, None)
    if user is not None:
        known[token] = user
        if len(known) > MOST_KNOWN:
            del known[next(iter(known))]
    return user


async def _basic(request: web.Request, header: str) -> User:
    try:
        given = BasicAuth.decode(header)
    except ValueError:
        raise _unknown() from None
    return await check(request, given.login, given.password)


def _unknown() -> web.HTTPException:
    return web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="Numero Nero"'})


async def check(request: web.Request, name: str, password: str) -> User:
    """Raises 401 for a wrong password, 429 after too many."""
    throttle, database, address = request.app[THROTTLE], request.app[DATABASE], _address(request)

    def work() -> User | None:
        if throttle.refuses(name, address, time.monotonic()):
            raise web.HTTPTooManyRequests(text="too many wrong passwords; wait five minutes")
        with database.read() as session:
            user = users.check(session, name, password)
        if user is None:
            throttle.failed(name, address, time.monotonic())
        return user

    user = await asyncio.get_running_loop().run_in_executor(_THREADS, work)
    if user is None:
        log.warning("a wrong name or password was given")  # neither is said: a password may stand in the wrong field
        raise web.HTTPUnauthorized(text="wrong name or password")
    return user


def _address(request: web.Request) -> str:
    """Of who asks: as our own proxy says (what else stands before it in the line, anybody may have written)."""
    remote = request.remote or ""
    said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    behind = request.app[SETTINGS].web.address and remote and ipaddress.ip_address(remote).is_loopback
    return said if behind and said else remote
