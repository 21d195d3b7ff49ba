"""The router alone: 200 operators, 500 calls waiting, 20 calls/s for ten minutes of virtual time; how long a decision
takes, and whether its promises hold after each one.

python -m bench.router [SEED]
"""

import random
import sys
from statistics import median, quantiles

from bench.day import Day, Kind
from ivr.acd import words as w
from ivr.acd.state import Queue, State, needs

OPERATORS, WAITING, RATE, SECONDS = 200, 500, 20.0, 600.0
NAMES = ("payments", "app-io", "send", "privacy", "complaints")
LANGUAGES = ("it", "en", "de", "fr")


def main(seed: int) -> None:
    chance = random.Random(seed)
    queues = tuple(
        Queue(name, max_waiting=WAITING // len(NAMES), announce_every=45, wrap_up=10, overflow=((90, ("language",)),))
        for name in NAMES
    )
    staff = {}
    for number in range(OPERATORS):
        skills = {"it": 7} | {one: chance.randint(1, 9) for one in LANGUAGES if chance.random() < 0.4}
        skills |= {"tax": chance.randint(1, 9)} if chance.random() < 0.3 else {}
        several = frozenset(chance.sample(NAMES, 3)) if chance.random() < 0.7 else frozenset({"all"})
        staff[str(1000 + number)] = (skills, several)
    kinds = tuple(
        Kind(name, (language, *more), share * part, 40.0)
        for name in NAMES
        for language, share in zip(LANGUAGES, (85, 8, 4, 3), strict=True)
        for more, part in (((), 0.8), (("tax>=4",), 0.2))
    )
    day = Day(queues, staff, kinds, lambda _: RATE, SECONDS, chance)
    broken = offered = most = full = 0
    for now, _, actions in day.run():
        most = max(most, len(day.state.waiting))
        offered += sum(isinstance(one, w.Offer) for one in actions)
        full += sum(isinstance(one, w.Exit) and one.exit == "full" for one in actions)
        broken += violations(day.state, now)
    took = sorted(1000 * one for one in day.decisions)
    p99 = quantiles(took, n=100)[98]
    print(f"{OPERATORS} operators, {RATE:g} calls/s, {SECONDS:g} s of virtual time, seed {seed}")
    print(f"  {len(took)} decisions, {offered} offers, {len(day.waited)} answered, {full} found the queue full")
    print(f"  {most} calls waiting at most")
    print(f"  {broken} violations of the promises                asked: none")
    print(f"  a decision: median {median(took):.2f} ms, p99 {p99:.2f} ms, longest {took[-1]:.2f} ms    asked: p99 20")
    print("  an operator who becomes ready is offered a call in that same decision")


def violations(state: State, now: float) -> int:
    """Waiting calls that a free operator could take, and operators with two offers."""
    free = [one for one in state.operators.values() if one.presence == "ready"]
    found, kinds = 0, set()
    for call in state.waiting.values():
        if not call.offered:
            kinds.add((call.queue, needs(state, call, now)))
    found += sum(one.serves(queue, wanted) for one in free for queue, wanted in kinds)
    rung = [code for call in state.waiting.values() for code in call.offered]
    return found + len(rung) - len(set(rung))


main(int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 32))
