"""Real calls whose tickets go to a real Request Tracker: its number is told, who calls again is known, and while it is
away nobody waits."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from ivr.store import calls, outbox
from ivr.store.database import Database
from ivr.store.schema import Call, JourneyEntry
from tests import faults, rt
from tests.faults import Faults
from tests.live.conftest import OPEN, Installation

LINE = "+390600000001"
FLOW = """\
ivr: 1
languages: [it]
numbers: ["+390600000001"]
start: first
prompts:
  thanks: {it: "La sua richiesta è stata registrata. La ringraziamo di averci chiamato, attenda ancora un momento."}
  number: {it: "Il numero della richiesta è {ticket.number | digits}."}
  known: {it: "La sua richiesta {caller.ticket | digits} è ancora aperta."}
  bye: {it: "Arrivederci."}
nodes:
  first: {branch: [{when: 'caller.ticket_state in ["new", "open"]', go: again}], otherwise: noted}
  again: {play: known, next: end}
  noted: {ticket: {type: A, subject: Rimborso}, next: thanks}
  thanks: {play: thanks, next: asked}
  asked: {branch: [{when: 'ticket.number != ""', go: tell}], otherwise: bye}
  tell: {play: number, next: end}
  bye: {play: bye, next: end}
  end: {hangup: normal}
"""


@pytest.fixture(scope="module")
def tracker() -> Iterator[tuple[rt.RequestTracker, Faults]]:
    with rt.server() as one:
        network = Faults(one.address)
        yield one, network
        network.close()


@pytest.fixture(scope="module")
def house(
    tracker: tuple[rt.RequestTracker, Faults], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    flows = tmp_path_factory.mktemp("flows")
    (flows / "line.flow.yaml").write_text(FLOW)
    server, network = tracker
    one = Installation(
        tmp_path_factory.mktemp("tickets"),
        OPEN,
        FLOWS__FOLDER=str(flows),
        TICKETS__BACKEND="rt",
        TICKETS__RT__URL=network.address,
        TICKETS__RT__QUEUE=rt.QUEUE,
        TICKETS__LOOK_EVERY="1",
        SECRET_RT_TOKEN=server.token,
    )
    one.start()
    try:
        yield one
    finally:
        assert one.stop() == 0


def heard(house: Installation, caller: str) -> tuple[str, list[str], float]:
    """A whole call: its id, the prompts spoken, and the seconds it lasted."""
    house.call(LINE, "--from", caller, "--for", "40")
    store = Database(house.settings.database_url)

    def is_over() -> bool:
        with store.read() as session:
            return not calls.live(session)

    house.until(is_over)
    with store.read() as session:
        newest = session.scalars(select(Call).order_by(Call.started_at.desc()).limit(1)).one()
        rows = select(JourneyEntry).where(JourneyEntry.call_id == newest.id, JourneyEntry.kind == "prompt")
        prompts = [str(row.detail["prompt"]) for row in session.scalars(rows.order_by(JourneyEntry.seq))]
        assert newest.ended_at
        return newest.id, prompts, (newest.ended_at - newest.started_at).total_seconds()


def number_of(house: Installation, call: str) -> str:
    """When what the call wants has been delivered."""
    deadline = time.monotonic() + 60
    while True:
        with Database(house.settings.database_url).read() as session:
            entry = outbox.get(session, call)
        if entry and entry.delivered_at:
            return entry.reference
        assert time.monotonic() < deadline, "no ticket came"
        time.sleep(0.2)


def test_the_number_is_told_and_who_calls_again_is_known(
    house: Installation, tracker: tuple[rt.RequestTracker, Faults]
) -> None:
    caller = "+390471000111"
    call, prompts, _ = heard(house, caller)
    assert prompts == ["thanks", "number"]
    assert [(one, number) for one, number, _ in tracker[0].tickets()] == [(call, number_of(house, call))]
    again, prompts, _ = heard(house, caller)
    assert prompts == ["known"]
    for one in (call, again):
        tracker[0].resolve(number_of(house, one))
    house.until(lambda: not open_of(house, caller))
    assert heard(house, caller)[1] == ["thanks", "number"]
    assert heard(house, "anonymous")[1] == ["thanks", "number"], "nobody's ticket is told to who withholds the number"


def open_of(house: Installation, caller: str) -> str:
    with Database(house.settings.database_url).read() as session:
        return outbox.open_of(session, caller)[0]


def test_while_it_is_away_nobody_waits(house: Installation, tracker: tuple[rt.RequestTracker, Faults]) -> None:
    server, network = tracker
    before = len(server.tickets())
    network.fault = lambda line: faults.slow(60)
    call, prompts, seconds = heard(house, "+390471000112")
    assert prompts == ["thanks", "bye"] and seconds < 20
    assert house.status()["tickets"]["pending"] >= 1
    network.fault = lambda line: faults.through
    assert number_of(house, call)
    assert len(server.tickets()) == before + 1, "what it did, and told nobody of in time, was found"


def test_who_delivers_is_killed_and_started_again(
    house: Installation, tracker: tuple[rt.RequestTracker, Faults]
) -> None:
    pid = house.status()["tickets"]["pid"]
    os.kill(pid, signal.SIGKILL)
    call, _, _ = heard(house, "+390471000113")
    assert number_of(house, call) and house.status()["tickets"]["pid"] != pid
    assert [one for one, _, _ in tracker[0].tickets()].count(call) == 1
