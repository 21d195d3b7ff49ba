"""What `ivr operators` tells of an operator's day."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ivr.settings import load
from ivr.store import operators
from ivr.store.database import Database
from tests.ivr.cli.conftest import Ivr

EIGHT = datetime(2026, 11, 24, 7, tzinfo=UTC)  # in Rome


@pytest.fixture(autouse=True)
def worked(data: Path) -> None:
    with Database(load(data).database_url).transaction() as session:
        operators.add(session, "4271", "Anna", ["it"], ["all"], EIGHT)
        for minutes, state, reason, by in (
            (0, "ready", "", "phone"),
            (60, "paused", "lunch", "supervisor Carla"),
            (90, "ready", "", "page"),
            (100, "signed-out", "", "phone"),
        ):
            operators.set_presence(session, "4271", state, EIGHT + timedelta(minutes=minutes), reason=reason, by=by)


def test_a_day(ivr: Ivr, data: Path) -> None:
    told = json.loads(ivr("operators", "day", "4271", "--date", "2026-11-24", "--json", "--data", data).out)
    assert told["states"] == {"ready": 4200, "paused": 1800} and told["pauses"] == {"lunch": 1800}
    assert (told["seconds"], told["open"]) == (6000, False)
    assert "ready:4200,paused:1800" in ivr("operators", "day", "4271", "--date", "2026-11-24", "--data", data).out


def test_who_changed_what(ivr: Ivr, data: Path) -> None:
    told = json.loads(ivr("operators", "events", "4271", "--date", "2026-11-24", "--json", "--data", data).out)
    assert [(one["state"], one["reason"], one["by"]) for one in told] == [
        ("ready", "", "phone"),
        ("paused", "lunch", "supervisor Carla"),
        ("ready", "", "page"),
        ("signed-out", "", "phone"),
    ]
    assert json.loads(ivr("operators", "events", "4271", "--date", "2026-11-25", "--json", "--data", data).out) == []


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        (("4271", "--date", "2026-11-25"), 1, "operator 4271 was not at work on that day"),
        (("999", "--date", "2026-11-24"), 1, "there is no operator 999"),
        (("4271", "--date", "yesterday"), 2, "--date yesterday: write a day as 2026-11-24"),
    ],
)
def test_what_cannot_be_told(ivr: Ivr, data: Path, arguments: tuple[str, ...], status: int, why: str) -> None:
    done = ivr("operators", "day", *arguments, "--data", data)
    assert (done.status, done.out) == (status, "") and why in done.err
