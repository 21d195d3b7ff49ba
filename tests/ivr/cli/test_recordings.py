"""`ivr recordings list` takes what the API takes."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.settings import load
from ivr.store import catalogue
from ivr.store.database import Database
from ivr.store.schema import OutboxEntry
from ivr.tickets.embedded import Embedded
from ivr.tickets.outbox import deliver_due
from tests.ivr.cli.conftest import Ivr
from tests.recordings.kept import keep


@pytest.fixture(autouse=True)
def three(data: Path) -> None:
    with Database(load(data).database_url).transaction() as session:
        for number, queue in enumerate(("app", "payments", "app")):
            keep(session, f"call-{number}", datetime(2027, 1, 4, 9, number), queue=queue, operator="4271")


def found(ivr: Ivr, data: Path, *arguments: str) -> list[str]:
    done = ivr("recordings", "list", "--json", "--data", data, *arguments)
    assert done.status == 0, done.err
    return [one["call_id"] for one in json.loads(done.out)]


def test_criteria_are_options_that_may_be_repeated(ivr: Ivr, data: Path) -> None:
    assert found(ivr, data) == ["call-2", "call-1", "call-0"]
    assert found(ivr, data, "--queue", "app", "--from", "2027-01-04", "--hours", "9-10") == ["call-2", "call-0"]
    assert found(ivr, data, "--queue", "app", "--queue", "payments", "--duration", "-60", "--operator", "4271") == [
        "call-2",
        "call-1",
        "call-0",
    ]


def test_the_next_page_is_told(ivr: Ivr, data: Path) -> None:
    done = ivr("recordings", "list", "--limit", "2", "--data", data)
    token = re.fullmatch(r"ivr: there are more: --after (\S+)\n", done.err)
    assert token and found(ivr, data, "--after", token[1]) == ["call-0"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "2027-02-30"), "ivr: from: there is no 2027-02-30\n"),
        (("--after", "forged"), "ivr: after: no page gave this; begin again without it\n"),
        (("--limit", "0"), "ivr: limit: '0' is no whole number from 1 to 500\n"),
        (("--type", "Z"), "ivr: type: 'Z' is none of Q, PQ, A, PA, I, PI, B\n"),
    ],
)
def test_a_bad_value_is_wrong_use(ivr: Ivr, data: Path, arguments: tuple[str, str], said: str) -> None:
    done = ivr("recordings", "list", "--data", data, *arguments)
    assert done.status == 2 and done.out == "" and done.err.endswith(said)


def test_a_complaint_names_a_ticket_and_its_recording_is_found(ivr: Ivr, data: Path) -> None:
    """Whichever system has the ticket: the number is the one it gave."""
    settings = load(data)
    database = Database(settings.database_url)
    policy, later = settings.tickets.policy(""), datetime(2027, 2, 1, tzinfo=UTC)
    assert deliver_due(database, Embedded(database), policy, later) == 3
    tickets = json.loads(ivr("tickets", "list", "--json", "--data", data).out)
    for one in tickets:
        assert found(ivr, data, "--ticket", str(one["number"])) == [one["call_id"]]
    with database.transaction() as session:
        session.get_one(OutboxEntry, "call-1").reference = "RT-90017"
        session.flush()
        catalogue.refresh(session, ["call-1"])
    assert found(ivr, data, "--ticket", "RT-90017") == ["call-1"] and found(ivr, data, "--ticket", "77") == []
