"""Calls in an installation whose store is PostgreSQL, and what becomes of them while it is away."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer

import pytest
from sqlalchemy import select

from asterisk_conf import tree
from ivr.calls.heirs import HANGS
from ivr.cli.desk import _dial, account_of
from ivr.cli.installation import is_alive, read_note
from ivr.phone.phone import Phone
from ivr.store import calls, leases
from ivr.store.database import Database
from ivr.store.schema import Call, JourneyEntry
from tests import postgresql
from tests.live.conftest import GERMAN_PAYMENTS, OPEN, SURVEY, Installation, Listener

AWAY = 30.0


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    with TemporaryDirectory(prefix="ivr-pg-") as folder:
        one = postgresql.Server(Path(folder))
        one.start()
        yield one
        one.stop()


@pytest.fixture(scope="module")
def house(server: postgresql.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    one = Installation(
        tmp_path_factory.mktemp("house"), OPEN, STORE__URL=server.address.format("postgres"), CONTROLLERS__COUNT="2"
    )
    one.start()
    try:
        one.ivr("operators", "add", "4271", "--name", "Anna", "--languages", "it,de", "--queues", "all")
        time.sleep(2.5)  # the controller looks for new operators each second
        yield one
    finally:
        assert one.stop() == 0


def test_a_whole_call_on_postgresql(house: Installation, listener: Listener, tmp_path: Path) -> None:
    heard = tmp_path / "heard.wav"
    with house.desk("4271", "--hang-up-after", "6", "--disposition", "PQ", "--calls", "1") as desk:
        keys = GERMAN_PAYMENTS + SURVEY
        house.call("+390600000001", "--from", "+390471123456", "--press", keys, "--for", "90", "--save", str(heard))
        assert desk.process.wait(timeout=30) == 0
    assert listener.likeness(heard, "operator-code", "de", code="4271") > 0.8
    ticket = house.newest_ticket(0)
    assert (ticket["type"], ticket["fields"]["operator"]) == ("PQ", "4271")
    [recording] = house.ivr("recordings", "list")
    assert recording["call_id"] == ticket["call_id"] and recording["complete"]
    controllers = {one["id"]: one["answers"] for one in house.ivr("controllers")}
    assert controllers == {"controller-1": True, "controller-2": True}
    house.quiet()


@pytest.mark.timeout(400)
def test_who_waits_is_served_while_the_database_is_away(
    house: Installation, server: postgresql.Server, listener: Listener, tmp_path: Path
) -> None:
    """The first talks and the second waits when the database goes; the second has the operator before it is back."""
    before, heard = len(house.tickets()), tmp_path / "second.wav"
    with house.desk("4271", "--hang-up-after", "40", "--disposition", "none", "--calls", "2") as desk:
        first = house.place("+390600000001", "--from", "+390471000011", "--press", GERMAN_PAYMENTS, "--for", "90")
        house.until(lambda: _noted(house, "+390471000011", "connected"), 50)
        second = house.place(
            "+390600000001", "--from", "+390471000012", "--press", GERMAN_PAYMENTS, "--for", "90", "--save", str(heard)
        )
        house.until(lambda: _noted(house, "+390471000012", "queue"), 50)
        server.stop()
        gone, limit = time.monotonic(), Timer(120, desk.process.kill)
        limit.start()
        try:
            lines = iter(desk.process.stdout.readline, "") if desk.process.stdout else iter(())
            answered = [line for line in lines if line == "answered\n" or "call of" in line]
            served_after = time.monotonic() - gone
            time.sleep(max(0.0, gone + AWAY - time.monotonic()))
        finally:
            limit.cancel()
            server.start()
        assert first.wait(120) == 0 and second.wait(120) == 0
    assert [line.split()[0] for line in answered] == ["answered", "call", "answered", "call"], answered
    assert served_after < 120
    assert listener.likeness(heard, "operator-code", "de", code="4271") > 0.8
    house.until(lambda: len(house.tickets()) == before + 2, 60)
    assert [one["fields"]["operator"] for one in house.tickets()[:2]] == ["4271", "4271"]
    house.quiet()


@pytest.mark.timeout(200)
@pytest.mark.parametrize("hangs", [False, True])
def test_a_call_that_comes_while_the_database_is_away_is_answered_and_written_later(
    house: Installation, server: postgresql.Server, listener: Listener, tmp_path: Path, hangs: bool
) -> None:
    heard, caller = tmp_path / "heard.wav", f"+39069900002{hangs:d}"
    (server.hang if hangs else server.stop)()
    try:
        house.call("+390600000001", "--from", caller, "--for", "12", "--save", str(heard), ok=False)
        assert listener.likeness(heard, "welcome", "it") > 0.8
    finally:
        (server.go_on if hangs else server.start)()
    assert house.ticket_of(caller)["call_id"]
    with Database(house.settings.database_url).read() as session:
        [call] = session.scalars(select(Call).where(Call.caller == caller)).all()
        assert call.ended_at and [row.seq for row in calls.journey(session, call.id)] == list(
            range(1, len(calls.journey(session, call.id)) + 1)
        )
    house.quiet()


@pytest.mark.timeout(200)
def test_a_call_goes_on_elsewhere_though_its_controllers_die_while_the_database_is_away(
    house: Installation, server: postgresql.Server
) -> None:
    """The first time another controller takes it, the second time its own, started anew."""
    caller = "+390699000014"
    call, row = _listens(house, caller, "24")
    killed = []
    server.stop()
    try:
        time.sleep(1.5)
        for name in (row.controller, *_running(house).keys() - {row.controller}):
            killed.append(time.time())
            os.kill(_running(house)[name], signal.SIGKILL)
            time.sleep(5)
        assert call.wait(60) == 0
    finally:
        server.start()
    assert house.ticket_of(caller)["call_id"] == row.id
    with Database(house.settings.database_url).read() as session:
        journey = calls.journey(session, row.id)
    went_on = [one.at.timestamp() for one in journey if one.kind == "continued"]
    took = [at - before for at, before in zip(went_on, killed, strict=True)]
    print(f"it goes on after {took[0]:.2f} s elsewhere, and after {took[1]:.2f} s with the same controller")
    assert 0 < took[0] < 5 and 0 < took[1] < 15
    kinds = [one.kind for one in journey]
    assert kinds.count("ended") == 1 and kinds.count("node") == len({one.node for one in journey if one.kind == "node"})
    house.quiet()


@pytest.mark.timeout(200)
def test_who_waits_and_who_comes_is_offered_though_the_lead_dies_while_the_database_is_away(
    house: Installation, server: postgresql.Server, tmp_path: Path
) -> None:
    """The operator is on a break, and is back after the death: the phone rings for who waited, then for who came."""
    callers = ["+390699000051", "+390699000052"]

    async def place(caller: str) -> "subprocess.Popen[str]":
        arguments = ("+390600000001", "--from", caller, "--press", GERMAN_PAYMENTS, "--for", "100")
        return await asyncio.to_thread(house.place, *arguments)

    async def happens() -> list[float]:
        phone_tree = await asyncio.to_thread(tree.ensure, print)
        async with Phone(phone_tree, account_of(house.settings, "4271"), folder=tmp_path / "phone") as phone:
            await phone.registered(within=10)
            await _dial(phone, "*1", ",4271#")
            await _dial(phone, "*4")
            calls_ = [await place(callers[0])]
            await asyncio.to_thread(house.until, lambda: _noted(house, callers[0], "queue"), 60)
            with Database(house.settings.database_url).read() as session:
                lead = leases.get(session)[0].holder
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(1)
            os.kill(_running(house)[lead], signal.SIGKILL)
            calls_.append(await place(callers[1]))
            await asyncio.sleep(0.5)
            rung = []
            for _ in callers:
                await _dial(phone, "*5")
                back = time.monotonic()
                await phone.wait_for("INCOMING", within=40)
                rung.append(time.monotonic() - back)
                await phone.answer()
                await asyncio.sleep(6)
                await phone.hangup()
                await asyncio.sleep(1)
            await asyncio.to_thread(server.start)
            await _dial(phone, "*2")
            for call in calls_:
                call.terminate()
                await asyncio.to_thread(call.wait, 20)
            return rung

    try:
        rung = asyncio.run(happens())
    finally:
        if not server.runs:
            server.start()
    print(f"the phone rang {rung[0]:.1f} s after the operator was back, for the next one {rung[1]:.1f} s after")
    assert rung[0] < 5
    tickets = [house.ticket_of(caller)["fields"]["operator"] for caller in callers]
    assert tickets == ["4271", "4271"]
    house.quiet(40)


@pytest.mark.timeout(200)
def test_all_of_it_starts_while_the_database_is_away_and_catches_up(
    house: Installation, server: postgresql.Server, listener: Listener, tmp_path: Path
) -> None:
    heard, caller = tmp_path / "heard.wav", "+390699000031"
    assert house.stop() == 0
    dead = _found_dead(house)
    server.stop()
    try:
        house.begin()
        house.until(lambda: "Numero Nero is running" in house.output.read_text(), 60)
        assert "The database is away: this starts without it" in house.output.read_text()
        house.call("+390600000001", "--from", caller, "--for", "12", "--save", str(heard), ok=False)
        assert listener.likeness(heard, "welcome", "it") > 0.8
    finally:
        server.start()
    back = time.monotonic()
    assert house.ticket_of(caller)["call_id"]
    house.until(lambda: bool(house.status()["ready"]) and "the database is back" in house.output.read_text())
    print(f"it has caught up {time.monotonic() - back:.1f} s after the database was back")
    programs = read_note(house.settings)
    assert programs and all(map(is_alive, programs.pids()))
    with house.desk("4271", "--calls", "1"):
        house.until(lambda: [one["state"] for one in house.status()["operators"]] == ["ready"])
    house.quiet()
    assert _found_dead(house) == dead, "nobody takes another for its former life"


@pytest.mark.timeout(200)
def test_a_call_goes_on_elsewhere_though_its_controller_hangs_while_the_database_is_away(
    house: Installation, server: postgresql.Server
) -> None:
    """Nothing would keep it from the call when it wakes: it is ended."""
    caller = "+390699000041"
    call, row = _listens(house, caller, "20")
    server.stop()
    try:
        time.sleep(1)
        hangs, stopped = _running(house)[row.controller], time.time()
        os.kill(hangs, signal.SIGSTOP)
        house.until(lambda: _running(house)[row.controller] not in (0, hangs))
        assert call.wait(60) == 0
    finally:
        server.start()
    assert house.ticket_of(caller)["call_id"] == row.id
    with Database(house.settings.database_url).read() as session:
        journey = calls.journey(session, row.id)
    [went_on] = [one.at.timestamp() - stopped for one in journey if one.kind == "continued"]
    print(f"it goes on after {went_on:.1f} s elsewhere")
    assert HANGS - 0.5 < went_on < HANGS + 4  # counted from its last answer, which was a moment before
    assert [one.kind for one in journey].count("ended") == 1
    house.quiet()


def _listens(house: Installation, caller: str, seconds: str) -> tuple["subprocess.Popen[bytes]", Call]:
    """A call of so many seconds, to which the first prompt is being played, and its row."""
    call = house.place("+390600000001", "--from", caller, "--for", seconds)
    house.until(lambda: _noted(house, caller, "prompt"), 30)
    with Database(house.settings.database_url).read() as session:
        [row] = session.scalars(select(Call).where(Call.caller == caller)).all()
    return call, row


def _found_dead(house: Installation) -> int:
    """How often a controller found that another had ended."""
    logs = (house.data / "logs").glob("controller-*.log")
    return sum(file.read_text().count(" is gone: it has ended") for file in logs)


def _running(house: Installation) -> dict[str, int]:
    found = read_note(house.settings)
    assert found
    return found.controllers


def _noted(house: Installation, caller: str, kind: str) -> bool:
    with Database(house.settings.database_url).read() as session:
        noted = select(JourneyEntry).join(Call, Call.id == JourneyEntry.call_id)
        return bool(session.scalars(noted.where(Call.caller == caller, JourneyEntry.kind == kind)).all())
