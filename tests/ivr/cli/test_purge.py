"""`ivr purge` and `ivr holds` as a person, or cron, uses them."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ivr.settings import load
from ivr.store import audit
from ivr.store.database import Database
from tests.ivr.cli.conftest import Ivr
from tests.recordings.house import House, at

NIGHT = "2027-07-01T03:00"
TOMORROW = date.today() + timedelta(days=1)


@pytest.fixture
def house(data: Path) -> House:
    one = House(Database(load(data).database_url), data, "recordings")
    one.spool.mkdir()
    return one


def test_the_contracts_example(ivr: Ivr, house: House, data: Path) -> None:
    house.record("a", at("2027-01-01T10:00"))
    house.record("b", at("2027-01-02T10:00"))
    assert json.loads(ivr("purge", "--data", data, "--at", "2027-06-30T23:59", "--json").out) == []
    dry = ivr("purge", "--data", data, "--at", NIGHT, "--dry-run")
    assert dry.status == 0 and "a-1" in dry.out and "1 would be deleted" in dry.out and len(house.files()) == 4
    done = ivr("purge", "--data", data, "--at", NIGHT, "--json")
    assert [(row["recording_id"], row["problem"]) for row in json.loads(done.out)] == [("a-1", "")]
    assert done.status == 0 and "are to be kept until 2027-07-01" in done.err, "it is told that this has not come yet"
    with house.database.read() as session:
        entry = audit.find(session, action="purge")[0]
    assert entry.detail == "as of 2027-07-01T03:00:00+02:00"
    verified = ivr("purge", "verify", "--data", data, "--at", NIGHT)
    assert verified.status == 0 and "nothing is left of calls up to 2027-01-01" in verified.out
    assert json.loads(ivr("purge", "verify", "--data", data, "--at", "2027-07-02", "--json").out) != []


def test_who_sits_at_a_terminal_is_asked_before_anything_goes_early(
    ivr: Ivr, house: House, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.record("a", at("2027-01-01T10:00"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "no")
    refused = ivr("purge", "--data", data, "--at", NIGHT)
    assert refused.status == 2 and "nothing was deleted" in refused.err and len(house.files()) == 2
    assert ivr("purge", "--data", data, "--at", NIGHT, "--yes").status == 0 and not house.files()


def test_what_could_not_be_deleted_is_said_loudly_and_found(ivr: Ivr, house: House, data: Path) -> None:
    house.record("a", at("2027-01-01T10:00"))
    file = data / "recordings/2027/01/01/a-1.original"
    file.unlink()
    file.mkdir()
    done = ivr("purge", "--data", data, "--at", NIGHT)
    assert done.status == 1 and str(file) in done.out and "0 deleted, 1 could not be" in done.out
    found = ivr("purge", "verify", "--data", data, "--at", NIGHT)
    assert found.status == 1 and re.search(r"not-erased +a-1", found.out)
    assert json.loads(ivr("purge", "verify", "--data", data, "--at", NIGHT, "--json").out)[0]["kind"] == "not-erased"


def test_a_hold_from_its_beginning_to_its_end(ivr: Ivr, house: House, data: Path) -> None:
    id = house.record("a", datetime.now(UTC) - timedelta(days=182))
    reason = ("--reason", "complaint 17", "--until", TOMORROW)
    added = json.loads(ivr("holds", "add", id, *reason, "--data", data, "--json").out)[0]
    assert (added["recording_id"], added["until"]) == (id, str(TOMORROW))
    assert "0 deleted" in ivr("purge", "--data", data).out
    assert "complaint 17" in ivr("holds", "list", "--data", data).out
    assert ivr("holds", "lift", added["id"], "--data", data).status == 0
    assert json.loads(ivr("holds", "list", "--data", data, "--json").out) == []
    assert len(json.loads(ivr("holds", "list", "--all", "--data", data, "--json").out)) == 1
    assert "1 deleted" in ivr("purge", "--data", data).out


def test_a_hold_that_cannot_be_is_told(ivr: Ivr, house: House, data: Path) -> None:
    house.call("a", datetime.now(UTC))
    reason = ("--reason", "x", "--until", TOMORROW, "--data", data)
    unknown = ivr("holds", "add", "nobody", *reason)
    assert unknown.status == 1 and "no recording and no call nobody" in unknown.err
    assert ivr("holds", "add", "--ticket", "17", *reason).status == 1
    assert ivr("holds", "lift", "17", "--data", data).status == 1
    past = ivr("holds", "add", "a", "--reason", "x", "--until", "2026-01-01", "--data", data)
    assert past.status == 2 and "that day is over" in past.err
    assert ivr("holds", "add", "a", "--reason", " ", "--until", TOMORROW, "--data", data).status == 2
    assert ivr("holds", "add", *reason).status == 2, "what is to be held?"
