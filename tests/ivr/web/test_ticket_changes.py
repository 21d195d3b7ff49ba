"""What a ticketing system tells us is believed only when it is signed, and then only as a hint."""

import json
import time
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from ivr.signed import signature
from ivr.store import calls, outbox
from ivr.store.database import Database
from ivr.tickets.embedded import Embedded
from ivr.tickets.outbox import deliver_due
from ivr.tickets.outcome import Policy
from ivr.web.pages.ticket_changes import WEBHOOK
from tests.ivr.tickets.ends import NOW, end_a_call
from tests.ivr.web.conftest import make

SECRET = "of-the-webhook"


async def test_a_change_is_read_over_there(database: Database, users: None, tmp_path: Path, flows: Path) -> None:
    end_a_call(database, wrap_up=0)
    deliver_due(database, Embedded(database), Policy(), NOW)
    with database.transaction() as session:
        number = outbox.reference(session, "c")
        outbox.looked(session, ["c"], {"c": "closed"}, NOW)
        assert calls.get(session, "c")
    app = make(tmp_path, database, flows)
    app[WEBHOOK] = SECRET

    async def send(body: bytes, secret: str = SECRET) -> int:
        at = str(int(time.time()))
        headers = {"Numero-Nero-Time": at, "Numero-Nero-Signature": signature(secret, at, body)}
        return (await client.post("/api/tickets/changes", data=body, headers=headers)).status

    async with TestClient(TestServer(app)) as client:
        body = json.dumps({"ticket": number}).encode()
        assert (await client.post("/api/tickets/changes", data=body)).status == 403
        assert await send(body, "wrong") == 403
        assert await send(b'{"ticket": "999"}') == 404
        for bad in (b"", b"[]", b"{}", b'{"ticket": null}', b"{", b"\xff"):
            assert await send(bad) in (400, 413), bad
        assert await send(b" " * 20_000) == 413
        with database.read() as session:
            assert (entry := outbox.get(session, "c")) and entry.looked_at == NOW
        assert await send(body) == 202
    with database.read() as session:
        assert (entry := outbox.get(session, "c")) and entry.looked_at is None and entry.state != "closed"
        assert [one.call_id for one in outbox.to_look(session, "embedded", NOW, 10)] == ["c"]
