import asyncio
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import event
from sqlalchemy.orm import Session

from ivr.store import calls
from ivr.store.database import Database, StoreError
from ivr.store.writer import Writer
from tests import postgresql

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest_asyncio.fixture
async def writer(database: Database) -> AsyncIterator[Writer]:
    one = Writer(database)
    yield one
    await one.close()


@pytest.fixture
def commits(database: Database) -> list[float]:
    """When each transaction was committed."""
    times: list[float] = []
    event.listen(database.engine, "commit", lambda _: times.append(time.monotonic()))
    return times


def start(session: Session, call: str) -> str:
    calls.start(session, id=call, channel=call, controller="x", called="1", caller="", flow="f", started_at=NOW)
    return call


def written(database: Database) -> set[str]:
    with database.read() as session:
        return {call.id for call in calls.live(session)}


async def test_what_it_tells_written_is_there_for_others(database: Database, writer: Writer) -> None:
    assert await writer.run(lambda s: start(s, "a")) == "a"
    assert written(database) == {"a"}


async def test_who_can_wait_goes_with_the_first_in_haste(
    database: Database, writer: Writer, commits: list[float]
) -> None:
    begun = time.monotonic()
    waits = [writer.run(lambda s, n=n: start(s, f"w{n}"), within=30) for n in range(3)]
    await asyncio.sleep(0.05)
    assert not commits
    assert await writer.run(lambda s: sorted(call.id for call in calls.live(s))) == ["w0", "w1", "w2"], "in order"
    assert [await one for one in waits] == ["w0", "w1", "w2"]
    assert len(commits) == 1 and time.monotonic() - begun < 10


async def test_who_can_wait_does_not_wait_longer(writer: Writer, commits: list[float]) -> None:
    begun = time.monotonic()
    later = writer.run(lambda s: start(s, "a"), within=30)
    await writer.run(lambda s: start(s, "b"), within=0.1)
    assert later.done() or await later == "a"
    assert len(commits) == 1 and 0.09 < commits[0] - begun < 10


async def test_one_that_fails_spoils_nothing(database: Database, writer: Writer) -> None:
    await writer.run(lambda s: start(s, "a"))
    results = await asyncio.gather(
        writer.run(lambda s: start(s, "b")),
        writer.run(lambda s: start(s, "a")),
        writer.run(lambda s: start(s, "c")),
        return_exceptions=True,
    )
    assert results[0] == "b" and isinstance(results[1], StoreError) and results[2] == "c"
    assert written(database) == {"a", "b", "c"}


async def test_a_connection_that_is_lost_is_made_anew(database: Database, writer: Writer) -> None:
    lost: list[Any] = []
    await writer.run(lambda s: lost.append(s.connection().connection.driver_connection))
    await writer.run(lambda s: lost[0].close())
    for call in "ab":
        assert await writer.run(lambda s, call=call: start(s, call)) == call
    assert written(database) == {"a", "b"}


async def test_closing_writes_what_waits(database: Database) -> None:
    writer = Writer(database)
    late = writer.run(lambda s: start(s, "a"), within=30)
    await writer.close()
    assert await late == "a" and written(database) == {"a"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # only SQLite has one writer at a time
async def test_another_process_that_writes_is_waited_for(database: Database, writer: Writer) -> None:
    """A transaction that reads before it writes is not refused when another has committed in between."""
    holding, go = threading.Event(), threading.Event()

    def other() -> None:
        with database.transaction() as session:
            start(session, "other")
            holding.set()
            go.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    await asyncio.to_thread(holding.wait, 10)
    mine = writer.run(lambda s: (calls.count_since(s, "", NOW), start(s, "mine"))[0])
    await asyncio.sleep(0.1)
    assert not mine.done()
    go.set()
    assert await mine == 1
    thread.join()
    assert written(database) == {"other", "mine"}


async def test_what_is_written_while_the_server_is_away_is_written_when_it_is_back(tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="ivr-pg-") as folder:
        server = postgresql.Server(Path(folder))
        server.start()
        database = Database(server.address.format("postgres"))
        database.migrate()
        writer = Writer(database)
        await writer.run(lambda s: start(s, "before"))
        await asyncio.to_thread(server.stop)
        waiting = [writer.run(lambda s, n=n: start(s, f"away-{n}")) for n in range(3)]
        await asyncio.sleep(1)
        assert not any(future.done() for future in waiting)
        await asyncio.to_thread(server.start)
        assert await asyncio.wait_for(asyncio.gather(*waiting), 10) == ["away-0", "away-1", "away-2"]
        assert written(database) == {"before", "away-0", "away-1", "away-2"}
        await writer.close()
        database.engine.dispose()
        server.stop()
