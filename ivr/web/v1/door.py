"""The door of `/api/v1`: who comes in shows a key, is counted and noted; what goes wrong is told as RFC 9457 says.

In this order: 401 without a key that holds, 429 beyond its limit, 404 and 405 for what there is not, 403 without the
scope, then what is wrong with the request itself.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from aiohttp import web

from ivr.store import audit
from ivr.store.database import StoreError
from ivr.store.schema import ApiKey
from ivr.web.answers import DATABASE, Handler
from ivr.web.v1 import keys
from ivr.web.v1.asker import user
from ivr.web.v1.keys import Limit
from ivr.web.v1.operations import Operation
from ivr.web.v1.problems import Refusal, problem

log = logging.getLogger(__name__)
OPERATIONS = web.AppKey("operations", Mapping[tuple[str, str], Operation])  # by method and route
KEY = web.RequestKey("key", ApiKey)
LONGEST = 500  # characters of what was asked that the audit keeps
HIDDEN = ("words",)  # in what was asked: it may name somebody
UNKNOWN = {"WWW-Authenticate": 'Bearer realm="Numero Nero"'}


async def through(request: web.Request, handler: Handler) -> web.StreamResponse:
    now = datetime.now(UTC)
    limit: Limit | None = None
    try:
        key = await _known(request, now)
        limit = keys.limit(key, now)
        if not limit.left or not await asyncio.to_thread(_counted, request, key, now):
            limit = Limit(limit.most, 0, limit.reset)
            wait = {"Retry-After": str(limit.reset)}
            raise Refusal(429, f"{limit.most} requests a minute are this key's limit; go on in {limit.reset} s", wait)
        limit = Limit(limit.most, limit.left - 1, limit.reset)
        operation = _operation(request)
        if operation and operation.scope not in key.scopes:
            raise Refusal(403, f"this takes the scope {operation.scope}, which the key does not have")
        request[KEY] = key
        response = await handler(request)
    except Exception as error:
        response = _told(error)
    if limit:
        for name, value in (("Limit", limit.most), ("Remaining", limit.left), ("Reset", limit.reset)):
            response.headers[f"RateLimit-{name}"] = str(value)
    return response


def _operation(request: web.Request) -> Operation | None:
    resource = request.match_info.route.resource
    method = "GET" if request.method == "HEAD" else request.method
    return request.app[OPERATIONS].get((method, resource.canonical if resource else ""))


async def _known(request: web.Request, now: datetime) -> ApiKey:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Refusal(401, "show a key: `Authorization: Bearer KEY` (`ivr apikeys add`)", UNKNOWN)

    def look() -> ApiKey | None:
        with request.app[DATABASE].read() as session:
            return keys.find(session, given.strip(), now)

    key = await asyncio.to_thread(look)
    if key is None:
        raise Refusal(401, "this key is none, or holds no more", UNKNOWN)
    return key


def _counted(request: web.Request, key: ApiKey, now: datetime) -> bool:
    operation = _operation(request)
    with request.app[DATABASE].transaction() as session:
        if not keys.count(session, key, now):
            return False
        if operation and operation.scope in key.scopes:
            audit.write(session, user(key.name), f"api-{operation.name}", *_asked(request, operation))
        return True


def _asked(request: web.Request, operation: Operation) -> tuple[str, str]:
    """About what, and what else of it, for the audit."""
    query = (f"{name}={'…' if name in HIDDEN else value}" for name, value in request.query.items())
    subject = " ".join(request.match_info[name] for name in operation.in_path)
    return _readable(subject), _readable(" ".join(query))


def _readable(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in text[:LONGEST])


def _told(error: Exception) -> web.Response:
    match error:
        case Refusal():
            return problem(error.status, error.detail, error.headers)
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return problem(405, f"{error.method} is not done here; {allowed} is", {"Allow": allowed})
        case web.HTTPRequestEntityTooLarge():
            return problem(413, "the body is too large; a mebibyte is the most")
        case web.HTTPNotFound():
            return problem(404, "there is nothing at this address; /api/v1/openapi.json says what there is")
        case web.HTTPException():
            return problem(error.status, HTTPStatus(error.status).phrase)
        case StoreError():
            log.error("a request of the API was not answered: %s", error)
            return problem(503, "the store cannot be reached; ask again", {"Retry-After": "5"})
    log.error("a request of the API broke off", exc_info=error)
    return problem(500, "something is wrong here, not with the request; the log says what")
