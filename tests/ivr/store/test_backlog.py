"""What is written while a real PostgreSQL is away: kept in a file, told at once, in the database when it is back."""

import asyncio
import stat
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import create_engine, event, select, text
from sqlalchemy.orm import Session

from ivr.store import backlog, calls
from ivr.store.backlog import Backlog
from ivr.store.database import Database, StoreError
from ivr.store.impatient import needed
from ivr.store.schema import AuditEntry, Call, CallbackRequest, JourneyEntry, OutboxEntry, SurveyAnswer
from ivr.store.writer import Writer
from ivr.store.writes import (
    AddCallback,
    AddJourney,
    AskTicket,
    Audit,
    Beginning,
    Ending,
    Entry,
    FinishCall,
    SetDisposition,
    StartCall,
    TakeCalls,
    Write,
)
from tests import postgresql

NOW = datetime(2026, 11, 28, 10, tzinfo=UTC)


class House:
    """A PostgreSQL of its own, and the writer of a controller."""

    def __init__(self, folder: Path) -> None:
        self.server, self.folder = postgresql.Server(folder), folder / "backlog"
        self.server.start()
        self.database = Database(self.server.address.format("postgres"), within=1.0)
        self.database.migrate()
        self.writer = Writer(self.database, Backlog(self.folder, "controller-1"))

    async def stop(self) -> None:
        await asyncio.to_thread(self.server.stop)

    async def start(self) -> None:
        await asyncio.to_thread(self.server.start)

    async def all_of(self, *tables: Any) -> list[list[Any]]:
        """Once what was kept is written: the writer takes one after the other."""
        return await self.writer.run(lambda s: [list(s.scalars(select(table))) for table in tables])


@pytest_asyncio.fixture
async def house() -> AsyncIterator[House]:
    with TemporaryDirectory(prefix="ivr-pg-") as folder:
        one = House(Path(folder))
        yield one
        await one.writer.close()
        one.database.engine.dispose()
        one.server.stop()


def a_call(id: str) -> list[Write]:
    """All that a call may have written."""
    beginning = Beginning(
        id=id, channel=id, controller="controller-1", called="1", caller="+390612345678", flow="f", version=1,
        started_at=NOW,
    )  # fmt: skip
    rows = [Entry(call_id=id, seq=seq, at=NOW, kind="play", node="hello", detail={"prompt": "ciao"}) for seq in (1, 2)]
    ending = Ending(
        ended_at=NOW, ticket_due_at=NOW, outcome="served", language="it", flow="f", version=1, queue="payments",
        operator="4271", disposition="", waited=1.5, talked=20.25, ticket={"subject": "è così"},
        survey={"after": {"kind": 5, "quick": None}},
    )  # fmt: skip
    return [
        StartCall(beginning),
        AddJourney(rows),
        AskTicket(id, {"subject": "early"}, "it", NOW),
        AddCallback(id, "payments", f"+39061234{id}", "it", NOW, skills=("it",), priority=1, waited=2.0),
        Audit("carla", "supervise listen", id, NOW),
        FinishCall(id, ending, last=Entry(call_id=id, seq=3, at=NOW, kind="ended", node="", detail={})),
        SetDisposition(id, "Q", NOW),
    ]


async def test_whoever_no_longer_has_a_call_ends_neither_it_nor_its_journey(house: House) -> None:
    beginning, *_, finish, _ = a_call("1")
    assert isinstance(finish, FinishCall)
    await house.writer.run(beginning)
    assert not await house.writer.run(msgspec.structs.replace(finish, by="controller-2"))
    [row], journey = await house.all_of(Call, JourneyEntry)
    assert row.ended_at is None and not journey
    assert await house.writer.run(msgspec.structs.replace(finish, by="controller-1"))
    [row], [ended] = await house.all_of(Call, JourneyEntry)
    assert row.ended_at == NOW and ended.kind == "ended"


async def is_whole(house: House, *ids: str) -> None:
    """Each of these calls is there once, with all that belongs to it, and no other."""
    found, journey, answers, tickets, wishes, audits = await house.all_of(
        Call, JourneyEntry, SurveyAnswer, OutboxEntry, CallbackRequest, AuditEntry
    )
    assert sorted((row.id, row.outcome, row.disposition, row.talked) for row in found) == [
        (id, "served", "Q", 20.25) for id in ids
    ]
    assert all(row.started_at == row.ended_at == NOW and row.ticket["subject"] == "è così" for row in found)
    assert sorted((row.call_id, row.seq, row.kind) for row in journey) == [
        (id, seq, kind) for id in ids for seq, kind in ((1, "play"), (2, "play"), (3, "ended"))
    ]
    assert all(row.detail == ({"prompt": "ciao"} if row.kind == "play" else {}) for row in journey)
    assert sorted((row.call_id, row.question, row.answer) for row in answers) == [
        (id, question, answer) for id in ids for question, answer in (("kind", 5), ("quick", None))
    ]
    assert [sorted(row.call_id for row in rows) for rows in (tickets, wishes)] == [list(ids), list(ids)]
    assert sorted(row.subject for row in audits) == list(ids)


async def test_calls_go_on_while_the_database_is_away_and_are_whole_when_it_is_back(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    before, during, after = (a_call(id) for id in ("a", "b", "c"))
    for write in before[:2]:
        await house.writer.run(write)
    assert house.writer.back_for == float("inf"), "it was never away"
    await house.stop()
    for write in (*before[2:], *during):
        async with asyncio.timeout(5):
            assert await house.writer.run(write) == write.answer
    reading = house.writer.run(lambda s: calls.get(s, "b"))
    await asyncio.sleep(0.5)
    assert not reading.done(), "what must be read waits"
    [file] = house.folder.iterdir()
    assert not [line for line in caplog.messages if "+39061" in line], "numbers of callers are in no log"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600, "numbers of callers are in it"
    await house.start()
    async with asyncio.timeout(20):
        assert (await reading).outcome == "served"  # type: ignore[union-attr]
        for write in after:
            await house.writer.run(write)
    await is_whole(house, "a", "b", "c")
    assert file.stat().st_size == 0 and house.writer.back_for < 20


async def test_what_was_kept_is_there_after_the_death_of_who_kept_it(house: House) -> None:
    await house.stop()
    for write in a_call("a"):
        await house.writer.run(write)
    await house.writer.close()
    [file] = house.folder.iterdir()
    with file.open("ab") as torn:
        torn.write(b'{"type":"StartCall","row":{"id":"half')  # killed while it wrote
    await house.start()
    house.writer = Writer(house.database, Backlog(house.folder, "controller-2"))  # another takes it up
    await is_whole(house, "a")


async def test_what_was_done_already_is_done_once(house: House) -> None:
    """The answer to the commit was lost, or the file's end was not reached."""
    one, other = a_call("a"), a_call("b")
    for write in (*one, *other[:3]):
        await house.writer.run(write)
    await house.stop()
    for write in (*one[:4], *one[5:], *other):
        await house.writer.run(write)
    await house.start()
    await is_whole(house, "a", "b")


async def test_what_the_database_refuses_is_put_aside_and_stops_nothing(house: House) -> None:
    await house.stop()
    bad = AddJourney([Entry(call_id="nobody", seq=1, at=NOW, kind="play", node="", detail={})])
    for write in (*a_call("a")[:3], bad, *a_call("a")[3:]):
        await house.writer.run(write)
    await house.start()
    await is_whole(house, "a")
    assert b"nobody" in (house.folder / "controller-1.refused").read_bytes()


async def test_what_is_too_much_waits_and_is_written_later(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MOST", 900)
    await house.stop()
    waits = [house.writer.run(write) for write in a_call("a")]
    await asyncio.sleep(1)
    assert not all(one.done() for one in waits)
    await house.start()
    await asyncio.wait_for(asyncio.gather(*waits), 20)
    await is_whole(house, "a")


def test_a_backlog_has_one_owner(tmp_path: Path) -> None:
    mine = Backlog(tmp_path, "controller-1")
    with pytest.raises(StoreError, match="another process has this"):
        Backlog(tmp_path, "controller-1")
    mine.close()
    Backlog(tmp_path, "controller-1").close()


async def test_what_a_dead_controller_keeps_goes_to_whoever_gets_its_lock_and_to_nobody_else(house: House) -> None:
    other = Backlog(house.folder, "controller-2")
    other.keep(a_call("a")[:2])  # type: ignore[arg-type]
    await house.stop()
    assert house.writer.left_by("controller-2") is None, "it lives"
    assert house.writer.left_by("controller-3") is None, "it is none of this machine"
    other.close()
    left = house.writer.left_by("controller-2")
    assert left and house.writer.left_by("controller-2") is None, "only one gets it"
    with pytest.raises(StoreError):
        Backlog(house.folder, "controller-2")
    for one in left.writes():
        await house.writer.run(one.again, kept=(one, None))
    left.clear()
    left.close()
    await house.writer.run(TakeCalls(["a"], "controller-1", "controller-3"))
    assert house.writer.away and not house.writer.settled
    await house.start()
    [found], journey = await house.all_of(Call, JourneyEntry)
    assert (found.controller, len(journey)) == ("controller-3", 2)
    assert house.writer.settled and not house.writer.away


@pytest.mark.parametrize("former", ["", "0015"])
async def test_nothing_is_written_into_the_tables_of_a_former_version(house: House, former: str) -> None:
    """A new version was started while the database was away, and it is back before it has the tables of that."""
    await house.writer.close()
    with create_engine(house.server.address.format("postgres"), isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("CREATE DATABASE other"))
    address = house.server.address.format("other")
    if former:
        Database(address).migrate(former)
    house.database = Database(address, within=1.0, migrated=True)
    house.writer = Writer(house.database, Backlog(house.folder, "controller-1"))
    for write in a_call("a"):
        async with asyncio.timeout(5):
            assert await house.writer.run(write) == write.answer
    await asyncio.sleep(0.5)
    assert house.writer.away and house.writer.keeps
    with pytest.raises(StoreError, match=f"of version {former or 'none'}, and not"), house.database.read() as session:
        calls.live(session)
    Database(address).migrate()
    assert Database(address).revisions() == (needed(), needed())
    await is_whole(house, "a")
    assert not house.writer.away and not [*house.folder.glob("*.refused")]
    with Database(address).transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    newer = Database(address, within=1.0, migrated=True)
    with newer.read() as session:
        assert not calls.live(session), "a newer version is rolled out: its tables hold what we write as well"
    newer.engine.dispose()


async def test_a_question_that_was_withdrawn_is_not_asked_when_the_database_is_back(house: House) -> None:
    await house.stop()
    done: list[int] = []

    def count(session: Session, number: int) -> None:
        session.execute(select(1))
        done.append(number)

    first, second = (house.writer.run(partial(count, number=number)) for number in (1, 2))
    await asyncio.sleep(0.5)
    first.cancel()
    await house.start()
    await asyncio.wait_for(second, 10)
    assert done == [2]


async def test_a_server_that_hangs_is_away(house: House) -> None:
    """It is stopped, with its connections open, and nobody is told."""
    before, during = a_call("a"), a_call("b")
    for write in before[:2]:
        await house.writer.run(write)
    house.server.hang()
    begun = time.monotonic()
    await house.writer.run(before[2])
    noticed = time.monotonic() - begun
    begun = time.monotonic()
    for write in (*before[3:], *during):
        await house.writer.run(write)
    took = time.monotonic() - begun
    assert 0.8 < noticed < 3 and took < 1, "known to be away, it holds up nobody"
    await asyncio.sleep(2)  # it is asked again, meanwhile, and does not answer
    house.server.go_on()
    async with asyncio.timeout(10):
        await is_whole(house, "a", "b")
    assert not (house.folder / "controller-1.refused").exists()


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_commit_whose_answer_was_lost_is_done_once(house: House, at_once: bool) -> None:
    """The server hangs with the commit in its hands, and does it when it goes on: beside us, who do it again."""
    writes = a_call("a")

    if not at_once:
        for write in writes[:-2]:
            await house.writer.run(write)
        writes = writes[-2:]
    event.listen(house.database.engine, "commit", lambda _: house.server.hang(), once=True)
    told = [house.writer.run(write) for write in writes]
    assert await asyncio.wait_for(asyncio.gather(*told), 5) == [write.answer for write in writes]
    house.server.go_on()
    async with asyncio.timeout(10):
        await is_whole(house, "a")
    assert not (house.folder / "controller-1.refused").exists()
