"""Simulated calls of the page: who has them, how many are kept, and what is refused."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ivr.flow.loader import load
from ivr.flow.model import Book
from ivr.flow.simulator import Simulation
from ivr.flow.words import Facts
from ivr.prompts.library import Library
from ivr.web import simulations
from ivr.web.simulations import Call, NoSimulation, Simulations, act, begin, view
from tests.ivr.web.conftest import write_flows


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return load(write_flows(tmp_path / "flows"))


def call(book: Book, owner: str, tmp_path: Path) -> Call:
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    simulation = Simulation(book, "sportello", Facts("simulation", "+390600000001"), now).begin()
    return Call(owner, "draft", simulation, Library(tmp_path, tmp_path))


def test_a_call_is_its_owners_alone(book: Book, tmp_path: Path) -> None:
    kept = Simulations()
    id = kept.add(call(book, "anna/1", tmp_path))
    assert kept.get("anna/1", id).owner == "anna/1"
    for other in ("anna/2", "bruno/1", ""):
        with pytest.raises(NoSimulation):
            kept.get(other, id)


def test_the_longest_unused_goes_of_one_owner_and_of_all(book: Book, tmp_path: Path) -> None:
    now = 0.0
    kept = Simulations(lambda: now)
    ids = []
    for _ in range(simulations.MOST_OF_ONE):
        now += 1
        ids.append(kept.add(call(book, "anna/1", tmp_path)))
    now += 1
    kept.get("anna/1", ids[0])
    kept.add(call(book, "anna/1", tmp_path))
    with pytest.raises(NoSimulation):
        kept.get("anna/1", ids[1])
    kept.get("anna/1", ids[0])
    for number in range(2 * simulations.MOST):
        kept.add(call(book, f"user/{number}", tmp_path))
    assert len(kept) == simulations.MOST


def test_what_is_unused_for_long_is_forgotten(book: Book, tmp_path: Path) -> None:
    now = 0.0
    kept = Simulations(lambda: now)
    id = kept.add(call(book, "anna/1", tmp_path))
    now = simulations.AGE + 1
    with pytest.raises(NoSimulation):
        kept.get("anna/1", id)
    assert len(kept) == 0


FORM = {"caller": "+390471123456", "at": "2026-11-24T10:00", "language": "en"}


def test_a_call_from_welcome_to_the_survey(book: Book) -> None:
    simulation = begin(book, "sportello", FORM)
    first = view(simulation, 0)
    heard = [one for one in first["entries"] if "heard" in one]
    assert [(one["heard"], one["says"], one["barge_in"]) for one in heard] == [
        ("welcome", 0, False),
        ("choose", 1, True),
    ]
    assert (first["node"], first["awaits"], first["language"]) == ("choose", "keys", "en")
    act(simulation, {"act": "press", "key": "1"})
    assert view(simulation, first["next"])["awaits"] == "operator"
    act(simulation, {"act": "operator", "code": "4271"})
    assert simulation.awaits == "conversation"
    act(simulation, {"act": "operator-leaves", "disposition": "Q"})
    act(simulation, {"act": "press", "key": "5"})
    last = view(simulation, 0)
    assert last["done"] and last["outcome"] == "served"
    assert simulation.state.disposition == "Q" and simulation.state.survey == {"after": {"clear": 5}}
    assert [one["says"] for one in last["entries"] if "heard" in one] == list(range(len(simulation.says)))


@pytest.mark.parametrize(
    "given",
    [
        {"act": "operator", "code": "4271"},
        {"act": "press", "key": "12"},
        {"act": "reply", "status": 200},
        {"act": "fly"},
        {},
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(book: Book, given: dict[str, Any]) -> None:
    simulation = begin(book, "sportello", FORM)
    with pytest.raises(ValueError, match="does not fit"):
        act(simulation, given)
    assert simulation.awaits == "keys"


@pytest.mark.parametrize("seconds", [0, -1, 1e9, "10", None, float("nan")])
def test_a_wait_is_bounded(book: Book, seconds: object) -> None:
    simulation = begin(book, "sportello", FORM)
    act(simulation, {"act": "press", "key": "1"})
    with pytest.raises(ValueError, match="a wait"):
        act(simulation, {"act": "wait", "seconds": seconds})


@pytest.mark.parametrize("form", [{"at": ""}, {"at": "tomorrow"}, {"at": "9999-12-31T23:59"}, {"language": "xx"}])
def test_a_call_that_cannot_begin_says_why(book: Book, form: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"time|speaks"):
        begin(book, "sportello", FORM | form)
