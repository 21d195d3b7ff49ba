"""Commands about a live call: `POST /api/calls/ID/commands/NAME`, with the command's own fields as a JSON body.

    {"queue": "payments"} or {"operator": "4272"}     transfer, consult
    {"on": false}                                     mute, pause-recording (on, when it is not said)
    {"phone": "sip", "mode": "whisper"}               supervise (phone `sip` or `page`; mode listen, whisper or off;
                                                      sound anonymised or original, the latter where it is allowed
                                                      when it is not said)
    {}                                                the others

200: done. 400: that is no such command. 403: not for this role. 409: refused, with the reason in words. 503: nobody
answered; whether it happened is not known.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from ivr.calls import commands as c
from ivr.calls import phones
from ivr.web.access import COMMANDS
from ivr.web.answers import LINES, SETTINGS, to_json

# Its name in the address → the command.
BY_NAME: Mapping[str, type[c.Command]] = {
    name: kind for kind in c.ALL if (name := re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__).lower()) in COMMANDS
}
PHONES = {"sip": phones.account, "page": phones.browser_account}


async def _command(request: web.Request) -> web.StreamResponse:
    name, role, mine = request.match_info["name"], request["role"], request["operator"]
    if name not in COMMANDS:
        raise web.HTTPNotFound(text=f"no command is called {name}; there are {', '.join(COMMANDS)}")
    if role not in COMMANDS[name]:
        raise web.HTTPForbidden(text=f"the role {role} may not do this")
    if not mine:
        return to_json({"error": f"the user {request['user']} has no operator's code, and so no phone"}, 403)
    kind = BY_NAME[name]
    fields: dict[str, Any] = {"call": request.match_info["id"], "by": mine}
    if kind in c.OF_SUPERVISORS:
        fields["by"] = request["user"]
    original = request.app[SETTINGS].recordings.supervisors_hear
    try:
        command = msgspec.convert(_own(kind, await _body(request), mine, original) | fields, kind)
    except (ValueError, msgspec.ValidationError) as error:
        raise web.HTTPBadRequest(text=f"{name}: {error}") from None
    if isinstance(command, c.Supervise) and command.sound == "original" and not original:
        return to_json({"error": "live voices as they are may not be heard here (recordings.supervisors_hear)"}, 403)
    await request.app[LINES].ask_call(command.call, command, c.Done)
    return to_json({"call": command.call})


async def _body(request: web.Request) -> dict[str, Any]:
    body = await request.json() if request.can_read_body else {}
    if not isinstance(body, dict):
        raise ValueError("send a JSON object")
    return body


def _own(kind: type[c.Command], body: dict[str, Any], mine: str, original: bool) -> dict[str, Any]:
    """What the body says. The phone that is rung, and who takes over, is always the one who asks. `original`: whether
    live voices may be heard as they are. Raises ValueError."""
    if kind is c.TakeOver:
        body = body | {"operator": mine}
    elif kind is c.Supervise:
        where = body.get("phone", "sip")
        if where not in PHONES:
            raise ValueError('a "phone" is `sip` or `page`, and your own')
        body = {"sound": "original" if original else "anonymised"} | body | {"phone": PHONES[where](mine)}
    if unknown := body.keys() - {field.name for field in msgspec.structs.fields(kind)} | body.keys() & {"call", "by"}:
        raise ValueError(f"there is no field {min(unknown)}")
    return body


ROUTES = [web.post("/api/calls/{id}/commands/{name}", _command)]
