"""`ivr controllers` asks each controller over its link."""

import json
import threading
from asyncio import new_event_loop
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.acd.leadership import Decisions, Took
from ivr.cli.installation import secret
from ivr.cli.main import parser
from ivr.link.server import Server
from ivr.settings import load
from ivr.store import controllers as store
from ivr.store.database import Database


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Of a server that answers, in a thread of its own."""
    loop = new_event_loop()
    server = Server(secret(load(tmp_path), "link"))
    server.on(Decisions, lambda _: Took(7, 0.001, 0.002, 0.003))
    address = loop.run_until_complete(server.listen(range(41000, 42000)))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield address
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(server.close())
    loop.close()


def test_each_controller_is_asked(tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings, now = load(tmp_path), datetime.now(UTC)
    database = Database(settings.database_url)
    database.migrate()
    args = parser("controllers").parse_args(["controllers", "--data", str(tmp_path), "--json"])
    assert args.run(args) == 1, "none is there"
    with database.transaction() as session:
        store.heartbeat(session, "one", pid=1, started_at=now, now=now, calls=3, address=address)
    capsys.readouterr()
    assert args.run(args) == 0
    [one] = json.loads(capsys.readouterr().out)
    assert (one["id"], one["calls"], one["address"], one["answers"]) == ("one", 3, address, True)
    assert one["ms"] > 0 and (one["decisions"], one["decision_ms"]) == (7, 2.0)
    with database.transaction() as session:
        store.heartbeat(session, "two", pid=2, started_at=now, now=now, calls=0, address="127.0.0.1:1")
    assert args.run(args) == 1
    assert [row["answers"] for row in json.loads(capsys.readouterr().out)] == [True, False]
