"""Calls, without who called; and the disposition that an operator gives."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from sqlalchemy.orm import Session

from ivr.calls.dispositions import KEYS
from ivr.store import audit, calls
from ivr.store.schema import Call
from ivr.web.answers import api, page, to_json, write

HIDDEN = {"caller", "channel"}


def _calls(session: Session) -> list[dict[str, Any]]:
    names = [column.name for column in Call.__table__.columns if column.name not in HIDDEN]
    return [{name: getattr(call, name) for name in names} for call in calls.recent(session, 100)]


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
        audit.write(session, request["user"], "disposition", call.id)
        return 200

    status = await write(request, change)
    reasons = {404: "there is no such call", 403: "another operator served this call", 409: "nobody served this call"}
    if status != 200:
        return to_json({"error": reasons[status]}, status)
    return to_json({"call": request.match_info["id"], "disposition": wanted})


ROUTES = [
    web.get("/calls", page("calls", _calls)),
    web.get("/api/calls", api(_calls)),
    web.put("/api/calls/{id}/disposition", _dispose),
]
