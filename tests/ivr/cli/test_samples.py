"""`ivr samples`: drawn, shown, listed; what is wrong is said in one line."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ivr.settings import load
from ivr.store.database import Database
from tests.ivr.cli.conftest import Ivr
from tests.recordings.kept import keep


@pytest.fixture(autouse=True)
def ten(data: Path) -> None:
    with Database(load(data).database_url).transaction() as session:
        for number in range(10):
            keep(session, f"call-{number}", datetime(2027, 1, 4, 9, number), queue=("app", "send")[number % 2])


def run(ivr: Ivr, data: Path, *arguments: str) -> Any:
    done = ivr("samples", *arguments, "--json", "--data", data)
    assert done.status == 0, done.err
    return json.loads(done.out)


def test_a_sample_is_drawn_shown_and_listed(ivr: Ivr, data: Path) -> None:
    drawn = run(ivr, data, "draw", "q1", "--size", "4", "--by", "queue, language", "--seed", "7", "--hours", "9-10")
    assert (drawn["there"], drawn["drawn"], drawn["seed"], drawn["open"]) == (10, 4, 7, 4)
    assert drawn["criteria"] == {"hours": ["9-10"]} and [one["drawn"] for one in drawn["strata"]] == [2, 2]
    assert run(ivr, data, "show", "q1") == drawn
    assert [one["name"] for one in run(ivr, data, "list")] == ["q1"]
    items = run(ivr, data, "items", "q1")
    assert [one["place"] for one in items] == [1, 2, 3, 4]
    assert {one["deleted_on"] for one in items} == {None}
    assert ivr("samples", "items", "q1", "--limit", "3", "--data", data).err == "ivr: there are more: --after 3\n"
    assert run(ivr, data, "items", "q1", "--after", "3") == items[3:]


def test_strata_by_length_wait_and_what_the_caller_answered(ivr: Ivr, data: Path) -> None:
    with Database(load(data).database_url).transaction() as session:
        keep(session, "long", datetime(2027, 1, 5, 9), seconds=700.0, waited=31.0, survey={"clear": 2}, queue="app")
    drawn = run(ivr, data, "draw", "q1", "--size", "11", "--by", "duration,wait,survey:clear")
    assert [(one["values"], one["drawn"]) for one in drawn["strata"]] == [
        (["-60", "-10", "clear:none"], 10), (["600-1200", "30-60", "clear:2"], 1)
    ]  # fmt: skip
    shown = ivr("samples", "show", "q1", "--data", data).out
    assert "SURVEY:CLEAR" in shown and "600-1200" in shown


def test_people_read_the_strata_as_a_table(ivr: Ivr, data: Path) -> None:
    done = ivr("samples", "draw", "all", "--size", "99", "--by", "queue", "--data", data)
    assert done.status == 0 and "These are all 10 there are." in done.out
    assert [line.split()[:3] for line in done.out.splitlines() if line.startswith(("app ", "send "))] == [
        ["app", "5", "5"],
        ["send", "5", "5"],
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("../up", "--size", "1"), 2, "ivr: name: up to 60 letters, digits, - and _"),
        (("a", "--share", "1.5"), 2, "ivr: share: is more than 0, and 1 at most"),
        (("a", "--size", "0"), 2, "ivr: size: is a number from 1 to 50000"),
        (("a", "--size", "1", "--by", "colour"), 2, "ivr: by: there is no 'colour' to stratify by"),
        (("a", "--size", "1", "--from", "2027-02-29"), 2, "ivr: from: there is no 2027-02-29"),
        (("a", "--size", "1", "--share", "1"), 2, "usage: "),
        (("a", "--size", "1", "--queue", "none"), 1, "ivr: no recording fits; see `ivr recordings list`"),
    ],
)
def test_what_is_wrong_is_said(ivr: Ivr, data: Path, arguments: tuple[str, ...], status: int, said: str) -> None:
    done = ivr("samples", "draw", *arguments, "--data", data)
    assert done.status == status and done.out == "" and done.err.startswith(said)
    assert run(ivr, data, "list") == []
