"""A real call beside the simulated one: when is what to be done, and is it the same journey? Pure."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from ivr.flow.simulator import Entry
from ivr.flow.trial import Act, Result, is_note

# Queue waits of a real call are shortened so that the longest lasts no longer than this, or, where an operator must
# come in the meantime, than that. Seconds.
LONGEST_WAIT, WITH_OPERATOR = 20.0, 60.0


def notes(journey: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in journey if is_note(entry)]


def lapse(expected: Result) -> float:
    """How many times faster than in the test one waits in its queues."""
    waits = [act.value for act in expected.script if _waits_in_queue(expected, act)]
    longest = WITH_OPERATOR if any(act.kind == "operator" for act in expected.script) else LONGEST_WAIT
    return max(1.0, max(waits, default=0.0) / longest)


def quiet(expected: Result, number: int) -> float:
    """Seconds from the note that act `number` of the script comes after to the act, on a real telephone."""
    act, faster = expected.script[number], lapse(expected)
    saved = [
        other.value * (1 - 1 / faster)
        for other in expected.script[:number]
        if other.notes == act.notes and _waits_in_queue(expected, other)
    ]
    return float(act.after - sum(saved))


def unstaffed(expected: Result) -> list[bool]:
    """Of each queue that the call came to: whether nobody was at work there."""
    found: list[bool] = []
    for entry in expected.journey:
        if entry.kind == "queue":
            found.append(False)
        elif entry.kind == "queue-exit" and entry.detail["exit"] == "unstaffed":
            found[-1] = True
    return found


def difference(expected: Sequence[Entry], happened: Sequence[Entry]) -> int | None:
    """The first note (from 0) in which two journeys differ; None when they are the same."""
    pairs = zip_longest(notes(expected), notes(happened))
    return next((number for number, (one, other) in enumerate(pairs) if _key(one) != _key(other)), None)


def line_of(expected: Result, number: int) -> int:
    """The line of the step after which note `number` (from 0) came; that of the test before the first step."""
    return next((act.line for act in reversed(expected.script) if act.notes <= number), expected.case.line)


def _key(entry: Entry | None) -> tuple[str, str, dict[str, Any]] | None:
    if entry is None:
        return None
    # How long a message lasts is the caller's; a real one begins after the beep.
    detail = {name: value for name, value in entry.detail.items() if name != "seconds"}
    return entry.kind, entry.node, detail


def _waits_in_queue(expected: Result, act: Act) -> bool:
    return act.kind == "wait" and act.notes > 0 and notes(expected.journey)[act.notes - 1].verb == "queue"
