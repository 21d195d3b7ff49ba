"""Calls on another Asterisk, of which nothing is heard: a real store, and something that takes itself for ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from ivr.calls import exchange as exchange_room
from ivr.calls import redial
from ivr.calls.takeover import Takeover
from ivr.store import calls, controllers
from ivr.store.database import Database
from ivr.store.schema import Call, OutboxEntry
from tests.ivr.ari.conftest import answer, peer
from tests.ivr.controllers import NAME, Controller, employ

CALL, CALLER = "0190a000-0000-7000-8000-000000000001", "+390471123456"
THERE, GONE = 10, 30  # seconds since the last heartbeat
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Ours:
    """Our Asterisk: it has no channels but those said, and notes what is ended."""

    def __init__(self, *channels: str, started: str = "") -> None:
        self.channels, self.ended, self.started = list(channels), list[str](), started

    async def __call__(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            asked: dict[str, Any] = message.json()
            path = asked["uri"].split("?")[0]
            if asked["method"] == "DELETE":
                self.ended.append(path)
            told = {
                "channels": [{"id": one} for one in self.channels],
                "applications/ivr-theirs": {"channel_ids": []},
                "asterisk/info": {"status": {"startup_time": self.started}},
            }
            await socket.send_str(answer(asked, told.get(path)))


def beats(database: Database, name: str, ago: float, asterisk: str) -> None:
    now = datetime.now(UTC)
    with database.transaction() as session:
        controllers.heartbeat(
            session,
            name,
            pid=1,
            started_at=now,
            now=now - timedelta(seconds=ago),
            calls=1,
            address="",
            asterisk=asterisk,
        )


def begun(database: Database, controller: str) -> None:
    with database.transaction() as session:
        calls.start(
            session, id=CALL, channel="asterisk-2-1.1", controller=controller, called="+390600000001", caller=CALLER,
            flow="line", version=1, started_at=datetime.now(UTC) - timedelta(minutes=1),
        )  # fmt: skip
        entry = {
            "call_id": CALL,
            "seq": 1,
            "at": datetime.now(UTC),
            "kind": "queue",
            "node": "",
            "detail": {"queue": "q"},
        }
        calls.add_journey(session, [entry])


@asynccontextmanager
async def house(database: Database, folder: Path, ours: Ours) -> AsyncIterator[tuple[Controller, Takeover]]:
    employ(database)
    async with peer(ours) as (port, _):
        one = Controller(database, folder, port)
        one.exchange.versions = Known(one.version)  # type: ignore[assignment]
        line = asyncio.create_task(one.connection.run())
        while not one.connection.up:  # noqa: ASYNC110 it is a matter of milliseconds
            await asyncio.sleep(0.01)
        try:
            yield one, Takeover(one.exchange, "ivr-")
            await one.exchange.idle()
        finally:
            line.cancel()
            await one.writer.close()


class Known:
    def __init__(self, version: Any) -> None:
        self._version = version

    async def get(self, number: int) -> Any:
        return self._version


async def test_they_are_over_once_and_whoever_calls_again_has_the_place(database: Database, tmp_path: Path) -> None:
    begun(database, "theirs")
    beats(database, "theirs", GONE, "asterisk-2")
    async with house(database, tmp_path, Ours()) as (one, takeover):
        await takeover.forsaken([])
        with database.read() as session:
            assert session.get_one(Call, CALL).controller == "theirs", "our Asterisk has nothing of them"
            waited = redial.place(calls.cut_off(session, CALLER, datetime.now(UTC), timedelta(minutes=10)))
        assert waited and waited[0] == "q", "even before it has its end"
        for _ in range(2):
            await takeover.lost([])
            await one.exchange.idle()
    with database.read() as session:
        row = session.get_one(Call, CALL)
        assert row.ended_at and row.outcome == "failed" and row.controller == NAME
        assert [entry.kind for entry in calls.journey(session, CALL)] == ["queue", "cut-off"]
        assert len(session.scalars(select(OutboxEntry).where(OutboxEntry.call_id == CALL)).all()) == 1
        for within, found in ((600, True), (-1, False)):
            journey = calls.cut_off(session, CALLER, datetime.now(UTC), timedelta(seconds=within))
            assert (redial.place(journey) is not None) is found
        assert calls.cut_off(session, "+390471999999", datetime.now(UTC), timedelta(minutes=10)) == []


@pytest.mark.parametrize("how", ["lately", "another", "answers"])
async def test_an_asterisk_of_which_something_is_heard_keeps_its_calls(
    database: Database, tmp_path: Path, how: str
) -> None:
    begun(database, "theirs")
    beats(database, "theirs", THERE if how == "lately" else GONE, "asterisk-2")
    if how == "another":
        beats(database, "beside", 0, "asterisk-2")
    async with house(database, tmp_path, Ours()) as (_, takeover):
        await takeover.lost(["theirs"] if how == "answers" else [])
    with database.read() as session:
        assert session.get_one(Call, CALL).controller == "theirs"


@pytest.mark.parametrize("ago, outcome", [(0, "failed"), (300, "abandoned")])
async def test_calls_from_before_this_asterisk_were_cut_off_with_all_of_us(
    database: Database, tmp_path: Path, ago: int, outcome: str
) -> None:
    begun(database, NAME)
    started = datetime.now(UTC) - timedelta(seconds=ago)
    async with house(database, tmp_path, Ours(started=started.strftime("%Y-%m-%dT%H:%M:%S.000+0000"))) as (_, takeover):
        await takeover.look()
    with database.read() as session:
        assert session.get_one(Call, CALL).outcome == outcome
        waited = redial.place(calls.cut_off(session, CALLER, datetime.now(UTC), timedelta(minutes=10)))
    assert (waited is not None) == (outcome == "failed"), "who was cut off, and calls again, has the place"


@pytest.mark.parametrize("asterisk", ["asterisk", "asterisk-2"])
async def test_whoever_could_not_tell_of_itself_keeps_its_calls(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asterisk: str
) -> None:
    """While the database was away nobody was seen in it."""
    begun(database, "theirs")
    beats(database, "theirs", GONE, asterisk)
    async with house(database, tmp_path, Ours()) as (one, takeover):
        for back_for, has in ((0.0, "theirs"), (60.0, NAME)):
            monkeypatch.setattr(type(one.writer), "back_for", back_for)
            await (takeover.forsaken([]) if asterisk == "asterisk" else takeover.lost([]))
            with database.read() as session:
                assert session.get_one(Call, CALL).controller == has


async def test_a_caller_who_hung_up_was_not_cut_off(database: Database, tmp_path: Path) -> None:
    begun(database, "theirs")
    with database.transaction() as session:
        calls.finish_lost(session, CALL, datetime.now(UTC))
        assert calls.cut_off(session, CALLER, datetime.now(UTC), timedelta(minutes=10)) == []


async def test_who_comes_back_ends_what_others_have_ended(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_room, "BURIED_AFTER", 0.1)
    begun(database, "another")
    ours = Ours("asterisk-2-1.1", f"{CALL}-operator-1", "asterisk-2-1.2")
    async with house(database, tmp_path, ours) as (one, _):
        one.exchange.fence.take(CALL, "asterisk-2-1.1")
        await one.exchange.idle()
        assert ours.ended == [], "it goes on elsewhere"
        with database.transaction() as session:
            calls.finish_lost(session, CALL, datetime.now(UTC))
        one.exchange.fence.give_back(CALL, "asterisk-2-1.1")
        one.exchange.fence.take(CALL, "asterisk-2-1.1")
        await one.exchange.idle()
    assert ours.ended == ["channels/asterisk-2-1.1", f"channels/{CALL}-operator-1"]
