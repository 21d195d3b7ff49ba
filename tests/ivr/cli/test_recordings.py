"""`ivr recordings list` takes what the API takes; what waits to be anonymised is listed, and can be asked for."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.settings import load
from ivr.store import anonymisations, audit, catalogue
from ivr.store.database import Database
from ivr.store.schema import Anonymisation, OutboxEntry, Recording
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


def test_what_waits_and_what_was_set_aside_and_asking_for_it_again(ivr: Ivr, data: Path) -> None:
    database = Database(load(data).database_url)

    def pending() -> tuple[int, list[tuple[str, str, str]]]:
        done = ivr("recordings", "pending", "--json", "--data", data)
        return done.status, [(one["recording_id"], one["state"], one["last_error"]) for one in json.loads(done.out)]

    with database.transaction() as session:
        anonymisations.want(session, ["call-0-1", "call-1-1", "call-2-1"])
        session.get_one(Anonymisation, "call-2-1").state = "done"
        failed = session.get_one(Anonymisation, "call-1-1")
        failed.state, failed.problem, failed.last_error = "failed", "damaged", "it was cut off"
    assert pending() == (1, [("call-1-1", "failed", "it was cut off"), ("call-0-1", "waiting", "")])
    assert ivr("recordings", "anonymize", "--failed", "--data", data).out.split() == ["ASKED", "1"]
    assert pending() == (0, [("call-0-1", "waiting", ""), ("call-1-1", "waiting", "")])
    assert ivr("recordings", "anonymize", "call-2", "--profile", "strong", "--data", data).status == 0
    with database.transaction() as session:
        assert session.get_one(Anonymisation, "call-2-1").profile == "strong"
        assert [(one.subject, one.detail) for one in audit.find(session, action="anonymize")] == [
            ("call-2-1", "strong"), ("", "those that failed, 1"),
        ]  # fmt: skip
        session.get_one(Recording, "call-2-1").original_gone_at = datetime.now(UTC)
    done = ivr("recordings", "anonymize", "call-0", "call-2", "--data", data)
    assert done.status == 1 and "recording call-2-1 has no original any more" in done.err
    assert json.loads(ivr("recordings", "anonymize", "--all", "--json", "--data", data).out) == [{"asked": 2}]
