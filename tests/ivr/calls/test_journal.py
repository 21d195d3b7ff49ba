import asyncio
from datetime import UTC, datetime

import pytest

from ivr.calls import journal
from ivr.calls.journal import Journal, is_machine
from ivr.store import calls
from ivr.store.database import Database
from ivr.store.writer import Writer


def known(database: Database, *names: str) -> None:
    with database.transaction() as session:
        for name in names:
            calls.start(
                session, id=name, channel=name, controller="c", called="1", caller="", flow="f",
                started_at=datetime.now(UTC),
            )  # fmt: skip


def journey(database: Database, call: str) -> list[tuple[int, str, str]]:
    with database.read() as session:
        return [(entry.seq, entry.kind, entry.node) for entry in calls.journey(session, call)]


async def test_each_call_has_its_own_order(database: Database) -> None:
    known(database, "a", "b")
    writer = Writer(database)
    one = Journal(writer)
    for number in range(50):
        one.note("a", "played", f"node-{number}")
        one.note("b", "key", str(number), {"digit": "1"})
    one.flush()
    one.note("a", "hangup")
    one.flush()
    await writer.close()
    assert journey(database, "a") == [(n + 1, "played", f"node-{n}") for n in range(50)] + [(51, "hangup", "")]
    assert journey(database, "b") == [(n + 1, "key", str(n)) for n in range(50)]


async def test_what_is_noted_is_written_before_what_is_given_to_the_writer_afterwards(database: Database) -> None:
    """The end of a call finds its whole journey."""
    known(database, "a")
    writer = Writer(database)
    one = Journal(writer)
    one.note("a", "ended")
    one.flush()
    assert await writer.run(lambda s: [entry.kind for entry in calls.journey(s, "a")]) == ["ended"]
    await writer.close()


async def test_it_is_written_soon_without_being_asked(database: Database) -> None:
    known(database, "a")
    writer = Writer(database)
    one = Journal(writer)
    one.note("a", "answered")
    assert journey(database, "a") == []
    async with asyncio.timeout(10):
        while not journey(database, "a"):  # noqa: ASYNC110 the database tells nobody
            await asyncio.sleep(journal.FLUSH / 2)
    await writer.close()


async def test_a_call_taken_over_is_numbered_on(database: Database) -> None:
    known(database, "a")
    writer = Writer(database)
    one, other = Journal(writer), Journal(writer)
    one.note("a", "played")
    one.flush()
    other.resume("a", 1)
    other.note("a", "hangup")
    other.flush()
    await writer.close()
    assert journey(database, "a") == [(1, "played", ""), (2, "hangup", "")]


async def test_what_cannot_be_written_is_told_and_the_next_is(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    known(database, "a")
    writer = Writer(database)
    one = Journal(writer)
    one.note("nobody-knows-this-call", "played")
    one.flush()
    one.note("a", "played")
    one.flush()
    await writer.close()
    await asyncio.sleep(0)
    assert journey(database, "a") == [(1, "played", "")]
    assert "1 journey entries could not be written" in caplog.text


def test_what_people_and_asterisk_did_is_told_from_what_the_machine_noted() -> None:
    assert is_machine("node", "welcome") and is_machine("prompt", "(farewell)")
    assert not is_machine("offer", "") and not is_machine("ended", "")
    assert not is_machine("connected", "4271"), "there, the node is the operator"


async def test_what_is_said_of_a_call_in_the_wrap_up_comes_after_its_end(database: Database) -> None:
    known(database, "a")
    writer = Writer(database)
    one = Journal(writer)
    one.note("a", "ended")
    one.close("a", operator=True)
    one.note("a", "disposition")
    one.flush()
    await writer.close()
    assert journey(database, "a") == [(1, "ended", ""), (2, "disposition", "")]


async def test_the_numbers_of_a_call_without_an_operator_are_soon_forgotten(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(database, "served", "alone", "next")
    writer = Writer(database)
    one = Journal(writer)
    now = [1000.0]
    monkeypatch.setattr(journal.time, "monotonic", lambda: now[0])
    for call in ("served", "alone"):
        one.note(call, "ended")
        one.close(call, operator=call == "served")
    now[0] += journal.SHORTLY + 1
    one.note("next", "ended")
    one.close("next", operator=False)
    assert set(one._last) == {"served", "next"}
    one.note("served", "disposition")
    one.flush()
    await writer.close()
    assert [seq for seq, _, _ in journey(database, "served")] == [1, 2]
