"""Two controllers, one operator, callers of both in one queue; and the controller that leads is killed."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from ivr.store import leases
from ivr.store.database import Database
from ivr.store.schema import Call, JourneyEntry
from tests.ivr.web.conftest import write_flows
from tests.live.conftest import OPEN, Installation

CODE = "4271"
CALLERS = [f"+3904710000{number:02}" for number in range(6)]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    data = tmp_path_factory.mktemp("house")
    flows = write_flows(data / "designers")
    queues = flows / "queues.yaml"
    queues.write_text(queues.read_text().replace("wrap_up: 30s", "wrap_up: 2s"))
    one = Installation(data, OPEN, CONTROLLERS__COUNT="2", FLOWS__FOLDER=str(flows))
    one.start()
    try:
        yield one
    finally:
        assert one.stop() == 0


def lead(house: Installation) -> tuple[str, int]:
    """Its name and its epoch."""
    with Database(house.settings.database_url).read() as session:
        lease, _ = leases.get(session)
        return lease.holder, lease.epoch


def journeys(house: Installation, kind: str) -> list[tuple[str, str]]:
    """(caller, controller) of the calls in which this happened, in order of time."""
    wanted = select(Call.caller, Call.controller).join(JourneyEntry, JourneyEntry.call_id == Call.id)
    with Database(house.settings.database_url).read() as session:
        rows = session.execute(wanted.where(JourneyEntry.kind == kind).order_by(JourneyEntry.at))
        return [(caller, controller) for caller, controller in rows]


def test_the_lead_is_killed_and_who_waits_keeps_the_place(house: Installation) -> None:
    house.ivr("operators", "add", CODE, "--name", "Anna", "--languages", "it", "--queues", "all")
    time.sleep(2.5)
    before, calls = lead(house), []
    with house.desk(CODE, "--hang-up-after", "9", "--disposition", "none"):
        house.ivr("operators", "state", CODE, "paused", "--reason", "test")
        try:
            for caller in CALLERS:
                press = ",,,,,1"
                calls.append(house.place("+390600000001", "--from", caller, "--press", press, "--for", "100"))
                time.sleep(0.5)
            house.until(lambda: len(journeys(house, "queue")) == len(CALLERS), 60)
            pids = {one["id"]: one["pid"] for one in house.status()["controllers"]}
            os.kill(pids[before[0]], signal.SIGKILL)
            killed = time.monotonic()
            house.until(lambda: lead(house)[1] > before[1], 10)
            print(f"taken over after {time.monotonic() - killed:.1f} s by {lead(house)}")
            house.ivr("operators", "state", CODE, "ready")
            house.until(lambda: len(journeys(house, "connected")) == len(CALLERS), 90)
        finally:
            for call in calls:
                call.terminate()
                call.wait(20)
    assert [caller for caller, _ in journeys(house, "connected")] == CALLERS, "in the order in which they came"
    offered = [caller for caller, _ in journeys(house, "offer")]
    assert sorted(offered) == sorted(set(offered)), "nothing is offered twice"
    house.quiet(30)
