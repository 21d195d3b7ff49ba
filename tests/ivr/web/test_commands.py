"""Commands about live calls and queues by the API, over a real link to a controller without Asterisk."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import encode_basic_auth
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from ivr.calls import commands as c
from ivr.store import leases
from ivr.store.database import Database
from ivr.store.schema import AuditEntry
from ivr.web import access
from ivr.web.pages.commands import BY_NAME
from ivr.web.users import add_user
from tests.ivr.controllers import Controller, running
from tests.ivr.web.conftest import LINK_TOKEN, make


@pytest.fixture
async def controller(database: Database, users: None, tmp_path: Path) -> AsyncIterator[Controller]:
    with database.transaction() as session:
        add_user(session, "chief", "supervisor", "4272", password="chief-password")
    (tmp_path / "controller").mkdir()
    async with running(database, tmp_path / "controller", LINK_TOKEN) as one:
        yield one


@pytest.fixture
async def client(
    database: Database, controller: Controller, tmp_path: Path, flows: Path
) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(make(tmp_path, database, flows))) as one:
        yield one


async def ask(client: TestClient[Any, Any], user: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
    headers = {"Authorization": encode_basic_auth(user, f"{user}-password")}
    async with client.request(method, path, json=body, headers=headers) as answer:
        return answer.status, (await answer.json() if "json" in answer.content_type else await answer.text())


def test_every_command_of_a_call_has_a_name_and_its_roles() -> None:
    assert BY_NAME.keys() == access.COMMANDS.keys()
    assert set(BY_NAME.values()) == set(c.ALL) - {c.Move}, "a move has an address of its own"


async def test_who_may_command_what(client: TestClient[Any, Any], controller: Controller, database: Database) -> None:
    controller.wait("a")
    for user, name, body, status, why in (
        ("operator", "hold", {}, 409, "nobody is speaking with this caller"),
        ("operator", "transfer", {"queue": "tax"}, 409, "nobody is speaking"),
        ("operator", "supervise", {"phone": "sip"}, 403, "the role operator may not"),
        ("operator", "take-over", {}, 403, "the role operator may not"),
        ("operator", "juggle", {}, 404, "no command is called juggle"),
        ("operator", "hold", {"by": "4272"}, 400, "no field by"),
        ("operator", "hold", {"on": True}, 400, "no field on"),
        ("operator", "mute", {"on": "loud"}, 400, "mute:"),
        ("designer", "hold", {}, 403, "the role designer may not"),
        ("supervisor", "supervise", {"phone": "sip"}, 403, "has no operator's code"),
        ("chief", "supervise", {"phone": "op-4271"}, 400, "your own"),
        ("chief", "supervise", {"mode": "shout"}, 400, "supervise:"),
        ("chief", "take-over", {"operator": "4271"}, 409, "nobody is speaking"),  # and it would have been 4272's
        ("chief", "supervise", {"mode": "off"}, 409, "nobody is speaking"),
        ("chief", "supervise", {"mode": "whisper"}, 409, "Asterisk did not do it"),  # where the phone is, it knows
    ):
        told = await ask(client, user, "POST", f"/api/calls/a/commands/{name}", body)
        assert told[0] == status and why in str(told[1]), (name, told)
    assert (await ask(client, "operator", "POST", "/api/calls/x/commands/hold"))[0] == 409, "no such call"
    with database.read() as session:
        rows = [(row.user, row.action, row.subject) for row in session.scalars(select(AuditEntry))]
    acts = ["takeover", "supervise off", "supervise whisper"]
    assert rows == [("chief", act, "a") for act in acts], "also what was refused"


async def test_operators_and_queues_as_supervisors_see_them(
    client: TestClient[Any, Any], controller: Controller
) -> None:
    controller.wait("a")
    await controller.written("a")
    status, staff = await ask(client, "supervisor", "GET", "/api/operators")
    assert status == 200 and [one["code"] for one in staff] == ["4271", "4272"]
    assert (staff[0]["state"], staff[0]["reason"], staff[0]["call"]) == ("paused", "lunch", "")
    status, queues = await ask(client, "supervisor", "GET", "/api/queues")
    desk, _, tax = queues
    assert (desk["name"], desk["waiting"], desk["operators"]) == ("desk", 1, {"paused": 2})
    assert desk["calls"][0]["kind"] == "call" and desk["longest"] >= 0 and tax["longest"] is None
    assert desk["service_level"] == {"within": 20.0, "answered": 0, "in_time": 0, "abandoned": 0, "share": None}
    assert "471123456" not in str(queues) + str(staff)
    for path in ("/api/operators", "/api/queues"):
        assert (await ask(client, "operator", "GET", path))[0] == 403


async def test_a_supervisor_moves_a_waiting_call(
    client: TestClient[Any, Any], controller: Controller, database: Database
) -> None:
    controller.wait("a")
    path = "/api/queues/desk/calls/a"
    assert (await ask(client, "operator", "POST", path, {"queue": "tax"}))[0] == 403
    assert (await ask(client, "supervisor", "POST", path, {"front": "yes"}))[0] == 400
    assert await ask(client, "supervisor", "POST", path, {"queue": "tax"}) == (200, {"call": "a", "queue": "tax"})
    assert controller.floor.queue_of("a") == "tax"
    status, told = await ask(client, "supervisor", "POST", path, {"queue": "tax"})
    assert status == 409 and "waits in the queue tax, not in desk" in told["error"]
    with database.read() as session:
        assert [row.user for row in session.scalars(select(AuditEntry))] == ["supervisor", "supervisor"]


async def test_without_a_controller_it_is_said(client: TestClient[Any, Any], database: Database) -> None:
    with database.transaction() as session:
        leases.hold(session, "", "", 1, 0)
    status, told = await ask(client, "supervisor", "GET", "/api/queues")
    assert status == 503 and "no controller is running" in told["error"]
