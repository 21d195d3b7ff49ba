"""Asking to hear the original of a recording, and approving it: `/originals`, and the same as JSON."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from sqlalchemy.orm import Session

from ivr.problem import WrongUse
from ivr.store.schema import OriginalRequest
from ivr.web.access import APPROVE_ORIGINALS
from ivr.web.answers import SETTINGS, html, read, to_json, write
from recordings import originals

FIELDS = ("id", "recording_id", "reason", "asked_by", "asked_at", "approved_by", "approved_at", "until")


def _told(one: OriginalRequest) -> dict[str, Any]:
    return {name: getattr(one, name) for name in FIELDS}


async def _seen(request: web.Request) -> Sequence[OriginalRequest]:
    """One's own; who may approve sees all."""
    by = None if request["role"] in APPROVE_ORIGINALS else request["user"]
    return await read(request, lambda session: originals.find(session, by=by))


async def _ask(request: web.Request, recording_id: str, reason: str) -> OriginalRequest:
    user = request["user"]
    return await write(request, lambda session: originals.ask(session, recording_id, reason=reason, by=user))


async def _approve(request: web.Request) -> OriginalRequest:
    try:
        number = int(request.match_info["number"])
    except ValueError:
        raise web.HTTPNotFound(text="there is no such request") from None
    user, seconds = request["user"], request.app[SETTINGS].recordings.originals_for

    def approve(session: Session) -> OriginalRequest:
        return originals.approve(session, number, by=user, seconds=seconds)

    return await write(request, approve)


async def _page(request: web.Request) -> web.StreamResponse:
    """`recording`: the one to ask for."""
    return await _show(request, request.query.get("recording", ""))


async def _show(request: web.Request, recording: str = "", problem: str = "", status: int = 200) -> web.Response:
    """`problem`: a code of the labels."""
    now, seen = datetime.now(UTC), await _seen(request)
    may_approve = request["role"] in APPROVE_ORIGINALS
    values = {"seen": seen, "now": now, "may_approve": may_approve, "recording": recording, "problem": problem}
    return html(request, "originals", status, **values)


async def _asked_on_page(request: web.Request) -> web.StreamResponse:
    """Form: `recording`, `reason`."""
    form = await request.post()
    recording = str(form.get("recording", "")).strip()
    try:
        await _ask(request, recording, str(form.get("reason", "")))
    except WrongUse:
        return await _show(request, recording, "no-reason", 400)
    except originals.Refusal as error:
        return await _show(request, recording, error.code, 409)
    raise web.HTTPSeeOther("/originals")


async def _approved_on_page(request: web.Request) -> web.StreamResponse:
    try:
        await _approve(request)
    except originals.Refusal as error:
        return await _show(request, problem=error.code, status=409)
    raise web.HTTPSeeOther("/originals")


async def _list(request: web.Request) -> web.Response:
    return to_json([_told(one) for one in await _seen(request)])


async def _asked(request: web.Request) -> web.Response:
    """Body: `{"reason": "…"}`."""
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("reason"), str):
        raise web.HTTPBadRequest(text='the body is a JSON object: {"reason": "why this original must be heard"}')
    try:
        return to_json(_told(await _ask(request, request.match_info["id"], body["reason"])), 201)
    except WrongUse as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    except originals.Refusal as error:
        raise web.HTTPNotFound(text=str(error)) from None


async def _approved(request: web.Request) -> web.Response:
    try:
        return to_json(_told(await _approve(request)))
    except originals.Refusal as error:
        raise web.HTTPConflict(text=str(error)) from None


ROUTES = [
    web.get("/originals", _page),
    web.post("/originals", _asked_on_page),
    web.post("/originals/{number}/approval", _approved_on_page),
    web.get("/api/originals", _list),
    web.post("/api/recordings/{id}/originals", _asked),
    web.post("/api/originals/{number}/approval", _approved),
]
