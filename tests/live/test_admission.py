"""Two controllers that together take one call, because of the limit or since there are two RTP ports: one more gets 503
with Retry-After, and after it a flow again."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from ivr.store.database import Database
from ivr.store.schema import Call
from tests.live.conftest import OPEN, Installation
from tests.sip import Agent

LINE = "+390600000001"


PORTS = {"PORTS__RTP_FIRST": "10400", "PORTS__RTP_LAST": "10401"}  # below those of all other tests


@pytest.fixture(scope="module", params=[{"ADMISSION__CALLS": "1"}, PORTS], ids=["limit", "ports"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    settings = {"CONTROLLERS__COUNT": "2", "ADMISSION__REFUSE": "503"} | request.param
    one = Installation(tmp_path_factory.mktemp("house"), OPEN, ANONYMIZERS__COUNT="0", **settings)
    one.start()
    try:
        yield one
    finally:
        assert one.stop() == 0


def number_of_calls(house: Installation) -> int:
    with Database(house.settings.database_url).read() as session:
        return session.scalar(select(func.count()).select_from(Call)) or 0


def test_one_call_too_many_is_refused_and_the_next_is_taken(house: Installation) -> None:
    caller = house.place(LINE, "--from", "+390612000071", "--for", "12")
    house.until(lambda: "trunk" in house.asterisk("pjsip show maintenance"))
    with Agent(house.settings.ports.sip, "+390612000072") as agent:
        refused = agent.ask("INVITE", LINE, body=agent.sdp())
        assert (refused.status, refused.headers["retry-after"]) == (503, "300")
        assert agent.ask("OPTIONS", LINE).status == 503, "so a proxy that asks looks for another way"
        assert caller.wait(timeout=40) == 0
        assert number_of_calls(house) == 1, "who was refused has cost nothing"
        house.until(lambda: agent.ask("OPTIONS", LINE).status == 200)
        assert agent.ask("INVITE", LINE, body=agent.sdp()).status == 200
    house.until(lambda: number_of_calls(house) == 2)
    house.quiet()


def test_before_asterisk_knows_the_dialplan_refuses(house: Installation) -> None:
    """The lead's word is there a moment before the endpoint is closed; the dialplan's 503 does not say when."""
    house.asterisk(f"dialplan set global ADMISSION_CLOSED_UNTIL {int(time.time()) + 60}")
    with Agent(house.settings.ports.sip, "+390612000073") as agent:
        assert agent.ask("INVITE", LINE, body=agent.sdp()).status == 503
    house.asterisk("dialplan set global ADMISSION_CLOSED_UNTIL 0")
