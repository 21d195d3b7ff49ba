"""The ticketing system tells that a ticket has changed: signed, and only a hint. What its state is, is read over there,
so that a message that is repeated or comes late does no harm.

`POST /api/tickets/changes` with `{"ticket": "17"}`, signed (`ivr/signed.py`) with the given secret `tickets-webhook`.
"""

import json
import time

from aiohttp import web

from ivr.signed import is_signed
from ivr.store import outbox
from ivr.web.answers import write

WEBHOOK = web.AppKey("webhook", str)  # the secret, "" for none: then nobody is believed
LONGEST = 10_000  # bytes


async def _changed(request: web.Request) -> web.StreamResponse:
    if (request.content_length or LONGEST + 1) > LONGEST:
        raise web.HTTPRequestEntityTooLarge(LONGEST, request.content_length or 0)
    body = await request.content.read(LONGEST)
    at, given = (request.headers.get(f"Numero-Nero-{name}", "") for name in ("Time", "Signature"))
    if not is_signed(request.app[WEBHOOK], at, given, body, time.time()):
        raise web.HTTPForbidden(text="the signature is wrong, or older than five minutes")
    try:
        number = json.loads(body)["ticket"]
    except (ValueError, TypeError, KeyError):
        number = None
    if not isinstance(number, str | int):
        raise web.HTTPBadRequest(text='send {"ticket": NUMBER}')
    if not await write(request, lambda session: outbox.look_soon(session, str(number))):
        raise web.HTTPNotFound(text="there is no such ticket of ours")
    return web.Response(status=202)


ROUTES = [web.post("/api/tickets/changes", _changed)]
