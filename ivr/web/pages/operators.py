"""Where operators stand, as they or their supervisors say."""

from aiohttp import web

from ivr.acd import commands
from ivr.calls import phones
from ivr.control_room.queues import staff
from ivr.store import audit
from ivr.web.answers import LINES, api, to_json, write

STATES = ("ready", "paused", "signed-out")


async def _state(request: web.Request) -> web.StreamResponse:
    """Body `{"state": "ready", "phone": "sip"}` (or `page`: where to sign in), `{"state": "paused", "reason": "…"}` or
    `{"state": "signed-out"}`. Answers with where the operator stands then."""
    code, mine = request.match_info["code"], request["role"] == "operator"
    try:
        body = await request.json()
        state, reason, phone = body["state"], body.get("reason", ""), body.get("phone", "")
    except (ValueError, KeyError, TypeError, AttributeError):
        state, reason, phone = None, "", ""
    if state not in STATES or not isinstance(reason, str) or phone not in ("", "sip", "page"):
        raise web.HTTPBadRequest(text=f'send {{"state": …}} with one of {", ".join(STATES)}; a pause has a "reason"')
    if mine and request["operator"] != code:
        return to_json({"error": "operators speak for themselves only"}, 403)
    by = "api" if mine else f"{request['role']} {request['user']}"
    command: commands.Command
    match state:
        case "ready" if phone:
            account = phones.account(code) if phone == "sip" else phones.browser_account(code)
            command = commands.SignIn(code, account, by)
        case "ready":
            command = commands.Ready(code, by)
        case "paused":
            command = commands.Pause(code, reason, by)
        case _:
            command = commands.SignOut(code, by)
    stands: commands.Stands = await request.app[LINES].ask_floor(command, commands.Stands)
    if not mine:
        said = f"{code} {state} {reason}".strip()
        await write(request, lambda session: audit.write(session, request["user"], "operator-state", said))
    return to_json({"operator": code, "state": stands.state, "reason": stands.reason, "then": stands.then})


ROUTES = [web.get("/api/operators", api(staff)), web.post("/api/operators/{code}/state", _state)]
