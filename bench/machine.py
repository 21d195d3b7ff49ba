"""The machine: microseconds a step, expressions included, on the house's own flow; and a million random events over
random valid flows without an exception or a stuck call.

python -m bench.machine [EVENTS] [SEED]
"""

import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ivr.cli.flow.test import collect, simulate
from ivr.flow import machine
from ivr.flow import words as w
from ivr.flow.loader import load
from ivr.settings import Settings
from tests.ivr.flow.random_flows import drive

FLOWS = Path(__file__).parents[1] / "flows"
OPEN = datetime(2026, 11, 24, 9, tzinfo=UTC)
WARM, ROUNDS = 20, 2000


def steps() -> tuple[float, float]:
    """Microseconds of CPU for an event, and for a step (an event, or a node entered on the way), of one call from
    Bolzano: language, hours, notice, reasons, a notice looked up, the queue, an operator, the survey."""
    book, facts = load(FLOWS), w.Facts("c", "+390600000001", "+390471123456", district="0471", country="IT")
    keys = "1" + "1" + "1" + "302000100000000006" + "1"
    used = events = nodes = 0.0
    for number in range(WARM + ROUNDS):
        state, _ = machine.begin(book, "assistenza", facts, OPEN)
        typed = iter(keys)
        while not state.done:
            event = _next(state, typed)
            begun = time.thread_time()
            state, actions = machine.step(book, state, facts, event, OPEN)
            if number >= WARM:
                used += time.thread_time() - begun
                events += 1
                nodes += sum(isinstance(action, w.Note) and action.kind == "node" for action in actions)
    return 1e6 * used / events, 1e6 * used / (events + nodes)


def _next(state: w.State, typed: Iterator[str]) -> w.Event:
    """What happens next to a caller who wants a notice looked up and then an operator."""
    node, wait = state.node, state.wait
    if node == "look-up" and state.flow == "avviso":
        return w.HttpReply(wait["id"], 200, {"state": "none"})
    if wait.get("queue") == "music":
        return w.OperatorAnswered("4271")
    if wait.get("queue") == "connected":
        return w.OperatorLeft("Q")
    if node in ("german-first", "reasons", "payments-menu") or "collect" in wait:
        return w.Key(next(typed))
    return w.Key("5") if node == "satisfaction" else w.Played(wait.get("id", wait.get("farewell", 0)))


def tests(number: int) -> float:
    """Seconds for `number` designers' tests in the simulator, the reading of the files included."""
    begun = time.perf_counter()
    book, cases = collect(FLOWS)
    many = [cases[index % len(cases)] for index in range(number)]
    results = simulate(book, many, Settings())
    assert all(one.passed for one in results)
    return time.perf_counter() - begun


def main() -> None:
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
    event, step = steps()
    print(f"a step                    {step:8.1f} µs of CPU (asked: 30); an event {event:.1f} µs")
    print(f"1,000 designers' tests    {tests(1000):8.2f} s (asked: 10)")
    begun = time.perf_counter()
    calls = drive(seed, total, flows=200)
    took = time.perf_counter() - begun
    print(f"{total} random events, seed {seed}: {calls} calls, no exception, none stuck, {took:.0f} s")


if __name__ == "__main__":
    main()
