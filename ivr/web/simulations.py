"""Calls that designers simulate in their browser: what they may do, what they see, and how many are kept.

They live in this process's memory alone. A restart forgets them, and the page then says so.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ivr.calls.caller import identify
from ivr.flow.model import Book, Node
from ivr.flow.simulator import Simulation, Stuck
from ivr.flow.telling import told
from ivr.flow.verbs import collect, menu, play, survey
from ivr.flow.verbs import queue as queueing
from ivr.flow.words import Facts
from ivr.prompts.library import Library

MOST_OF_ONE, MOST = 4, 200  # simulations of one browser, and of all; the longest unused goes
AGE = 1800.0  # seconds unused
MOST_ACTS = 500
LONGEST_WAIT = 3600.0  # seconds at once
LARGEST_REPLY = 20_000  # characters of what a web service answers
NO_NUMBER = "+390600000000"  # called, where a flow has no number of its own


class NoSimulation(Exception):
    """It was forgotten, or is somebody else's."""


@dataclass
class Call:
    """`owner` is one browser of one user. `lock`: one act after the other. `seen`: entries the page was told."""

    owner: str
    source: str
    simulation: Simulation
    library: Library
    used: float = 0.0
    acts: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Simulations:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: dict[str, Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, call: Call) -> str:
        """Returns the id by which its owner finds it."""
        self._forget_old()
        self._make_room([id for id, one in self._calls.items() if one.owner == call.owner], MOST_OF_ONE)
        self._make_room(list(self._calls), MOST)
        id = secrets.token_urlsafe(12)
        call.used = self._clock()
        self._calls[id] = call
        return id

    def get(self, owner: str, id: str) -> Call:
        """Raises NoSimulation."""
        self._forget_old()
        call = self._calls.get(id)
        if call is None or call.owner != owner:
            raise NoSimulation
        call.used = self._clock()
        return call

    def _make_room(self, ids: list[str], most: int) -> None:
        ids.sort(key=lambda id: self._calls[id].used)
        for id in ids[: max(0, len(ids) - most + 1)]:
            del self._calls[id]

    def _forget_old(self) -> None:
        oldest = self._clock() - AGE
        self._calls = {id: call for id, call in self._calls.items() if call.used >= oldest}


def begin(book: Book, flow: str, form: Mapping[str, Any]) -> Simulation:
    """`form`: `caller`, `at` (local time of the flow's calendar), `language`, `unstaffed`. Raises ValueError, Stuck."""
    zone = book.zone(book.flows[flow])
    try:
        at = datetime.fromisoformat(str(form.get("at", "")))
    except ValueError:
        raise ValueError("the time is written as 2026-11-24T10:00") from None
    if not datetime(2000, 1, 1) < at.replace(tzinfo=None) < datetime(2100, 1, 1):
        raise ValueError("the time lies between 2000 and 2100")
    language = str(form.get("language", ""))
    if language and language not in book.flows[flow].languages:
        raise ValueError(f"the flow speaks {', '.join(book.flows[flow].languages)}")
    who = identify(str(form.get("caller", ""))[:40])
    called = next((number for number in book.flows[flow].numbers if number != "*"), NO_NUMBER)
    facts = Facts("simulation", called, who.number, who.withheld, who.district, who.country)
    simulation = Simulation(book, flow, facts, at.replace(tzinfo=zone), language=language)
    simulation.unstaffed = form.get("unstaffed") is True
    return simulation.begin()


def act(simulation: Simulation, given: Mapping[str, Any]) -> None:
    """One thing that the caller or the world does, `given["act"]`. Raises ValueError when it does not fit, Stuck."""
    what, awaits = given.get("act"), simulation.awaits
    if simulation.done:
        raise ValueError("the call is over")
    match what:
        case "press" if (key := str(given.get("key"))) in menu.KEYS:
            if awaits in ("keys", "operator", "message"):
                simulation.press(key)
        case "wait" if awaits == "keys":
            simulation.silence()
        case "wait":
            simulation.wait(_seconds(given.get("seconds")))
        case "operator" if awaits == "operator":
            simulation.operator_answers(_code(given.get("code")))
        case "operator-leaves" if awaits == "conversation":
            simulation.disposition = str(given.get("disposition", ""))[:2]
            simulation.talk_over()
        case "reply" if awaits == "web service":
            simulation.reply(*_reply(given))
        case "outside" if awaits == "outside":
            simulation.outside(given.get("answers") is True)
        case "hang-up":
            simulation.hang_up()
        case _:
            raise ValueError(f"'{what}' does not fit: the flow waits for {awaits or 'nobody'}")
    simulation.settle()


def _seconds(given: Any) -> float:
    if not isinstance(given, int | float) or not 0 < given <= LONGEST_WAIT:
        raise ValueError(f"a wait is up to {LONGEST_WAIT:.0f} seconds")
    return float(given)


def _code(given: Any) -> str:
    code = str(given)
    if not (code.isascii() and code.isdigit() and 3 <= len(code) <= 8):
        raise ValueError("an operator's code has 3 to 8 digits")
    return code


def _reply(given: Mapping[str, Any]) -> tuple[int, Any, str]:
    """(status, body, problem); a status of 0 is no answer."""
    status, body = given.get("status"), str(given.get("body", ""))
    if status == 0:
        return 0, None, "timeout"
    if not isinstance(status, int) or not 100 <= status <= 599:
        raise ValueError("a web service answers with a status from 100 to 599")
    if len(body) > LARGEST_REPLY:
        raise ValueError(f"the body may have {LARGEST_REPLY:,} characters")
    try:
        return status, json.loads(body) if body.strip() else None, ""
    except ValueError as error:
        raise ValueError(f"the body is no JSON: {error}") from None


def view(simulation: Simulation, first: int) -> dict[str, Any]:
    """Where the call stands, and its journey from entry `first` on; `says` numbers the sounds."""
    heard = sum(entry.kind == "prompt" for entry in simulation.journey[:first])
    flows = _flows_of_says(simulation)
    entries = []
    for event in told(simulation.journey, first):
        if "heard" in event:
            flow = simulation.book.flows[flows[heard]]
            event |= {"says": heard, "barge_in": _stops_for_keys(flow.nodes.get(event["node"]))}
            heard += 1
        entries.append(event)
    state = simulation.state
    return {
        "entries": entries,
        "next": len(simulation.journey),
        "flow": state.flow,
        "node": simulation.node,
        "verb": simulation.verb,
        "awaits": simulation.awaits,
        "language": state.language,
        "done": simulation.done,
        "outcome": state.outcome,
        "at": round(simulation.at, 1),
    }


def _flows_of_says(simulation: Simulation) -> list[str]:
    """The flow in which each prompt was heard."""
    flow, flows = simulation.state.flow, []
    for entry in simulation.journey:
        if entry.kind == "node":
            flow = entry.detail["flow"]
        elif entry.kind == "prompt":
            flows.append(flow)
    return flows


def _stops_for_keys(node: Node | None) -> bool:
    """Whether a key interrupts what this node says."""
    match node:
        case play.Model():
            return node.barge_in
        case menu.Model():
            return node.menu.barge_in
        case collect.Model():
            return node.collect.barge_in
        case survey.Model() | queueing.Model():
            return True
    return False


__all__ = ["Call", "NoSimulation", "Simulations", "Stuck", "act", "begin", "view"]
