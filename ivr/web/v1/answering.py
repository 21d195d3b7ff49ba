"""Carries an operation out: its arguments, one transaction (or a look), its answer as JSON with an ETag."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy.orm import Session

from ivr.store.database import Database
from ivr.store.schema import ApiAnswer
from ivr.web.answers import DATABASE, Handler
from ivr.web.v1 import repeats
from ivr.web.v1.asker import Asker, House, matches, tag
from ivr.web.v1.door import KEY
from ivr.web.v1.operations import PREFIX, Operation
from ivr.web.v1.problems import Refusal
from ivr.web.v1.types import Page

HOUSE = web.AppKey("house", House)
LONGEST_KEY = 200
Answer = tuple[int, dict[str, str], bytes]


def answering(operation: Operation) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        body = b""
        if operation.body:
            if request.content_type != "application/json":
                raise Refusal(415, f"the body is to be application/json, not {request.content_type[:100]}")
            body = await request.read()
        given = operation.arguments(request.match_info, request.query, body)
        status, headers, content = await asyncio.to_thread(_carried_out, request, operation, given, body)
        if request.method in ("GET", "HEAD") and matches(request.headers.get("If-None-Match", ""), content):
            return web.Response(status=304, headers=headers)
        return web.Response(body=content, status=status, content_type="application/json", headers=headers)

    return handle


def _carried_out(request: web.Request, operation: Operation, given: dict[str, Any], body: bytes) -> Answer:
    database, key = request.app[DATABASE], request[KEY]

    def run(session: Session) -> Answer:
        if_match = request.headers.get("If-Match", "") if operation.races else ""
        asker = Asker(session, request.app[HOUSE], key.name, key.scopes, if_match)
        return _answer(request, operation, operation.run(asker, **given))

    if operation.method == "GET":
        with database.read() as session:
            return run(session)
    once = request.headers.get("Idempotency-Key", "") if operation.is_made_once else ""
    if not once:
        with database.transaction() as session:
            return run(session)
    if len(once) > LONGEST_KEY or not (once.isascii() and once.isprintable()):
        raise Refusal(400, f"Idempotency-Key: {LONGEST_KEY} characters of ASCII at most")
    return _once(database, run, key.name, once, repeats.digest(request.method, request.path, body))


def _once(database: Database, run: Callable[[Session], Answer], key: str, once: str, digest: str) -> Answer:
    with database.transaction() as session:
        claim = repeats.claim(session, key, once, digest, datetime.now(UTC))
    if isinstance(claim, ApiAnswer):
        assert claim.status
        return claim.status, dict(claim.headers), claim.body
    try:
        with database.transaction() as session:
            status, headers, content = run(session)
            repeats.keep(session, claim, status, headers, content)
            return status, headers, content
    except BaseException:
        with database.transaction() as session:
            repeats.give_up(session, claim)
        raise


def _answer(request: web.Request, operation: Operation, given: Any) -> Answer:
    content, headers = msgspec.json.encode(given), {}
    if isinstance(given, Page):
        if given.next:
            following = request.rel_url.update_query(after=given.next)
            headers["Link"] = f'<{following}>; rel="next"'
    else:
        headers["ETag"] = tag(content)
    if operation.makes:
        headers["Location"] = PREFIX + operation.makes.format_map(msgspec.structs.asdict(given))
    return operation.status, headers, content
