"""The estimated wait against what the wait then was, on simulated days of different kinds.

python -m bench.wait [SEED]

Counted is each first announcement of a call that was answered in the end and waited ten seconds more at least: of a
wait of a second, half a second is an error of 50 %.
"""

import math
import random
import sys
from statistics import median

from bench.day import Day, Kind
from ivr.acd.state import Queue

HOURS = 12
LEAST = 10.0


def bell(now: float) -> float:
    """The day's curve: calls rise to late morning, fall, and rise again in the afternoon; 1 at most."""
    hour = now / 3600
    return max(0.15, math.exp(-((hour - 3) ** 2) / 4), 0.8 * math.exp(-((hour - 8) ** 2) / 5))


def errors(operators: int, load: float, patience: float, mixed: bool, seed: int) -> tuple[list[float], int]:
    """Relative errors of one day; `load`: calls at the peak, as a part of what the operators can do."""
    chance = random.Random(seed)
    queue = {"announce_every": 45.0, "wrap_up": 20.0, "max_waiting": 1000}
    queues = (Queue("a", **queue), Queue("b", **queue))  # type: ignore[arg-type]
    kinds = (Kind("a", ("it",), 0.7, 240.0), Kind("b", ("it",), 0.25, 360.0), Kind("a", ("de",), 0.05, 240.0))
    if not mixed:
        kinds = (Kind("a", ("it",), 1.0, 240.0),)
    staff = {
        str(number): ({"it": 5} | ({"de": 5} if number % 5 == 0 else {}), frozenset({"all" if number % 3 else "a"}))
        for number in range(operators)
    }
    busy = sum(kind.share * (kind.talk + 22.5) for kind in kinds)
    day = Day(queues, staff, kinds, lambda now: load * operators / busy * bell(now), HOURS * 3600, chance, patience)
    for _ in day.run():
        pass
    found, unknown = [], 0
    for call, told in day.told.items():
        if call not in day.waited:
            continue
        at, wait = told[0]
        rest = day.arrived(call) + day.waited[call] - at
        if rest >= LEAST:
            if wait is None:
                unknown += 1
            else:
                found.append(abs(wait - rest) / rest)
    return found, unknown


def main(seed: int) -> None:
    print(f"days of {HOURS} h, seed {seed}: error of the first estimate, waits of {LEAST:g} s and more")
    print(
        f"{'operators':>9} {'peak':>5} {'patience':>9} {'queues':>7} {'waits':>7} {'unknown':>8} {'median error':>13}"
    )
    everything = []
    for number, (operators, load, patience, mixed) in enumerate(
        (operators, load, patience, mixed)
        for operators in (10, 40, 200)
        for load in (1.0, 1.15)
        for patience in (math.inf, 600.0)
        for mixed in (False, True)
    ):
        found, unknown = errors(operators, load, patience, mixed, seed + number)
        everything += found
        patient = "endless" if patience == math.inf else f"{patience:g} s"
        middle = f"{median(found):.0%}" if found else "-"
        print(f"{operators:>9} {load:>5.2f} {patient:>9} {1 + mixed:>7} {len(found):>7} {unknown:>8} {middle:>13}")
    print(f"all: median error {median(everything):.0%} of {len(everything)} waits    asked: 25 %")


main(int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 32))
