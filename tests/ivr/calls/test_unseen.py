"""The end that a journey tells is the one that the session would have written."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ivr.calls import unseen
from ivr.flow import words as w
from ivr.flow.loader import load
from ivr.flow.simulator import Simulation
from ivr.store.schema import JourneyEntry

BOOK = load(Path(__file__).parents[3] / "flows")
OPEN, SUNDAY = datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 22, 9, tzinfo=UTC)
BOLZANO = w.Facts("c1", "+390600000001", "+390471123456", district="0471", country="IT")


def begin(now: datetime = OPEN) -> Simulation:
    return Simulation(BOOK, "assistenza", BOLZANO, now).begin()


def press(call: Simulation, keys: str) -> Simulation:
    for key in keys:
        call.press(key)
        call.settle()
    return call


def served() -> Simulation:
    call = press(begin(), "112")
    call.operator_answers("4271")
    call.settle()
    call.talk_over()
    call.settle()
    return press(call, "54")


def closed() -> Simulation:
    return press(begin(SUNDAY), "1")


@pytest.mark.parametrize("happens", [begin, lambda: press(begin(), "112"), served, closed])
def test_as_the_session_would_have_it(happens: Any) -> None:
    call = happens()
    if not call.done:
        call.hang_up()
    rows = [
        JourneyEntry(call_id="c1", seq=number, at=OPEN, kind=entry.kind, node=entry.node, detail=entry.detail)
        for number, entry in enumerate(call.journey)
    ]
    found, state = unseen.end(rows, BOOK), call.state
    assert found["survey"] == state.survey
    assert (found["queue"], found["operator"], found["language"]) == (state.queue, state.operator, state.language)
    assert found["outcome"] == state.outcome
    assert found.get("ticket", {}).get("subject", "") == (state.ticket.subject if state.ticket else "")
