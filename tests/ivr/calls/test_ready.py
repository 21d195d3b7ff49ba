"""When a controller says that it can take calls: not before the store has answered; still while writes can be kept."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from ivr.ari.client import Ari
from ivr.ari.connection import Connection
from ivr.calls import ready
from ivr.calls.ready import Ready
from ivr.store.backlog import Backlog
from ivr.store.database import Database
from ivr.store.writer import Writer
from ivr.store.writes import Audit
from tests import postgresql


async def test_while_the_store_is_away_only_who_can_keep_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "STALE", 0.5)
    nothing: Any = None
    ari = Ari(Connection(1, "test", "x", "x", on_event=nothing, on_up=nothing))
    with TemporaryDirectory(prefix="ivr-pg-") as folder:
        server = postgresql.Server(Path(folder))
        server.start()
        database = Database(server.address.format("postgres"))
        database.migrate()
        keeping, waiting = Writer(database, Backlog(Path(folder) / "backlog", "one")), Writer(database)
        one, other = Ready(ari, keeping), Ready(ari, waiting)
        assert one() == other() == {"asterisk": False, "store": False, "admission": True}, "nobody has asked yet"
        other.admits = lambda: False
        assert other()["admission"] is False
        await asyncio.gather(one.look(), other.look())
        assert one()["store"] and other()["store"]
        await asyncio.to_thread(server.stop)
        looks = [asyncio.ensure_future(each.look()) for each in (one, other)]
        await keeping.run(Audit("carla", "supervise listen", "c"))
        await asyncio.sleep(0.6)
        assert one()["store"] and not other()["store"]
        await asyncio.to_thread(server.start)
        await asyncio.gather(*looks)
        assert one()["store"] and other()["store"] and not keeping.keeps
        await asyncio.gather(keeping.close(), waiting.close())
        database.engine.dispose()
        server.stop()
