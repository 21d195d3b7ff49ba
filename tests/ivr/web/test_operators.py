"""Operators' states by the API, over a real link to a floor."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import encode_basic_auth
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from ivr.acd import commands
from ivr.acd import words as w
from ivr.acd.floor import Floor
from ivr.link.server import Server
from ivr.store import leases
from ivr.store.database import Database
from ivr.store.schema import AuditEntry
from tests.ivr.web.conftest import LINK_TOKEN, make


@pytest.fixture
async def client(database: Database, users: None, tmp_path: Path, flows: Path) -> AsyncIterator[TestClient[Any, Any]]:
    floor = Floor(lambda new: None)
    floor.staff([w.Joined(code, (), frozenset({"all"}), ("it",), phone=f"op-{code}") for code in ("4271", "4272")])
    link = Server(LINK_TOKEN)
    for command in commands.ALL:
        link.on(command, partial(commands.carry_out, floor))
    address = await link.listen(range(41000, 42000))
    with database.transaction() as session:
        leases.hold(session, "c", address, 1, 60)
    async with TestClient(TestServer(make(tmp_path, database, flows))) as one:
        yield one
    await link.close()


async def put(client: TestClient[Any, Any], role: str, code: str, **body: str) -> tuple[int, str]:
    headers = {"Authorization": encode_basic_auth(role, f"{role}-password")}
    async with client.post(f"/api/operators/{code}/state", json=body, headers=headers) as response:
        return response.status, await response.text()


async def test_operators_speak_for_themselves_and_supervisors_for_all(
    client: TestClient[Any, Any], database: Database
) -> None:
    status, text = await put(client, "operator", "4271", state="ready", phone="page")
    assert (status, text) == (200, '{"operator": "4271", "state": "ready", "reason": "", "then": ""}')
    assert (await put(client, "operator", "4272", state="ready"))[0] == 403
    assert (await put(client, "designer", "4271", state="ready"))[0] == 403
    status, text = await put(client, "supervisor", "4271", state="paused", reason="training")
    assert status == 200 and '"reason": "training"' in text
    status, text = await put(client, "supervisor", "4272", state="paused", reason="training")
    assert status == 409 and "not signed in" in text
    assert (await put(client, "operator", "4271", state="asleep"))[0] == 400
    with database.read() as session:
        rows = [(row.user, row.action, row.subject) for row in session.scalars(select(AuditEntry))]
    assert rows == [("supervisor", "operator-state", "4271 paused training")], "what supervisors do is on record"
