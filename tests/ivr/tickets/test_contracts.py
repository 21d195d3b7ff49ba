"""Zammad and GLPI, which cannot be started here, against servers of ours that keep to what their documentation says."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.store.database import Database
from ivr.tickets.asking import Asking
from ivr.tickets.backend import Refused, Unavailable
from ivr.tickets.conformance import CHECKS, conformance
from ivr.tickets.glpi import Glpi
from ivr.tickets.outbox import Delivery, deliver_due
from ivr.tickets.outcome import Draft, Policy
from ivr.tickets.zammad import STATES, Zammad
from tests import faults
from tests.contracts import glpi, zammad
from tests.contracts.serving import serving
from tests.faults import Faults
from tests.ivr.tickets.ends import end_a_call


def open_zammad(address: str, token: str = zammad.TOKEN, group: str = "Users") -> Zammad:
    asking = Asking(f"{address}/api/v1", {"Authorization": f"Token token={token}"}, 5)
    return Zammad(asking, group, "calls@example.it", "call_id", {"type": "type"}, STATES)


def open_glpi(address: str, token: str = glpi.USER_TOKEN) -> Glpi:
    return Glpi(Asking(f"{address}/apirest.php", {"App-Token": glpi.APP_TOKEN}, 5), token, 0, 0)


@pytest.fixture
def zammad_there() -> Iterator[tuple[zammad.Zammad, str]]:
    one = zammad.Zammad()
    with serving(one.respond) as address:
        yield one, address


@pytest.fixture
def glpi_there() -> Iterator[tuple[glpi.Glpi, str]]:
    one = glpi.Glpi()
    with serving(one.respond) as address:
        yield one, address


def test_zammad(zammad_there: tuple[zammad.Zammad, str]) -> None:
    there, address = zammad_there
    backend = open_zammad(address)
    assert [one.problem for one in conformance(backend)] == [""] * len(CHECKS)
    alive = [one["call_id"] for one in there.tickets.values() if one["state"] != "merged"]
    assert len(alive) == len(set(alive))
    [number] = backend.put([Draft("c", "Q", "Tassa", {"note": "x"})])
    backend.put([Draft("c", "PI", "Nuovo", {"note": "y"}, {"https://x/1": "recording"}, ("note", "type"))])
    ticket = next(one for one in there.tickets.values() if one["number"] == number)
    assert (ticket["title"], ticket["type"], ticket["call_id"]) == ("Nuovo", "PI", "c")
    said = [one["body"] for one in there.articles if one["ticket_id"] == ticket["id"]]
    assert said == ["note: x", "note: y", "recording: https://x/1"]
    for name, state in (("pending reminder", "waiting"), ("closed", "closed"), ("own state", "open")):
        ticket["state"] = name
        assert backend.find(["c"])["c"].state == state
    backend.close()


def test_zammad_without_the_attribute_or_the_group(zammad_there: tuple[zammad.Zammad, str]) -> None:
    there, address = zammad_there
    there.attributes.discard("call_id")
    backend = open_zammad(address)
    assert "an administrator adds" in backend.check()[0]
    with pytest.raises(Unavailable, match="500"):
        backend.put([Draft("c", "Q", "Tassa")])
    assert there.tickets == {}
    there.attributes.add("call_id")
    with pytest.raises(Refused, match="group"):
        open_zammad(address, group="None").put([Draft("c", "Q", "Tassa")])
    with pytest.raises(Unavailable, match="401"):
        open_zammad(address, "wrong").put([Draft("c", "Q", "Tassa")])


@pytest.mark.parametrize("by_id", [False, True])
def test_glpi(glpi_there: tuple[glpi.Glpi, str], by_id: bool) -> None:
    there, address = glpi_there
    there.by_id = by_id
    backend = open_glpi(address)
    assert [one.problem for one in conformance(backend)] == [""] * len(CHECKS)
    alive = [one["name"].split()[0] for one in there.tickets.values() if not one["deleted"]]
    assert len(alive) == len(set(alive))
    [number] = backend.put([Draft("c", "Q", "<Tassa> & bollo", {"note": "x"})])
    assert there.tickets[int(number)]["content"] == "type: Q\nnote: x"
    backend.put([Draft("c", "PI", "Nuovo", {"note": "y"}, {"https://x/1": "recording"}, ("note", "type"))])
    assert there.tickets[int(number)]["name"] == "c Nuovo"
    said = [one["content"] for one in there.followups if one["items_id"] == int(number)]
    assert said == ["<p>note: y<br>type: PI</p>", "<p>recording: https://x/1</p>"]
    for status, state in ((2, "open"), (4, "waiting"), (5, "closed"), (6, "closed")):
        there.tickets[int(number)]["status"] = status
        assert backend.find(["c"])["c"].state == state
    with pytest.raises(Unavailable, match="ERROR_GLPI_LOGIN_USER_TOKEN"):
        open_glpi(address, "wrong").find(["c"])
    backend.close()


@pytest.mark.parametrize("name", ["zammad", "glpi"])
def test_after_lost_answers_each_call_has_one_ticket(
    name: str, tmp_path: Path, zammad_there: tuple[zammad.Zammad, str], glpi_there: tuple[glpi.Glpi, str]
) -> None:
    store = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    store.migrate()
    there, address = zammad_there if name == "zammad" else glpi_there
    network = Faults(address)
    backend = open_zammad(network.address) if name == "zammad" else open_glpi(network.address)
    kinds = iter([faults.drops_the_answer, faults.cuts_the_answer, faults.says_after("502 Bad Gateway")] * 3)
    creation = "POST /api/v1/tickets " if name == "zammad" else "POST /apirest.php/Ticket "
    network.fault = lambda line: next(kinds, faults.through) if line.startswith(creation) else faults.through
    for number in range(3):
        end_a_call(store, f"c{number}", wrap_up=0)
    by, now = Delivery(name=name), datetime.now(UTC)
    for second in range(0, 4000, 20):
        deliver_due(store, backend, Policy(), now.fromtimestamp(now.timestamp() + second, UTC), by)
    assert len(there.tickets) == 3 and next(kinds, None) is not None
    backend.close()
    network.close()
    store.engine.dispose()
