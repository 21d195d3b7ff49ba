"""The router alone: 200 operators, 500 calls waiting, 20 calls/s for ten minutes of virtual time; how long a decision
takes, and whether its promises hold after each one.

python -m bench.router [SEED [--operators 200] [--waiting 500] [--rate 20] [--seconds 600]]
"""

import argparse
import random
from statistics import median, quantiles

from bench.day import Day, Kind
from ivr.acd import words as w
from ivr.acd.state import Queue, State, needs

NAMES = ("payments", "app-io", "send", "privacy", "complaints")
LANGUAGES = ("it", "en", "de", "fr")


def main(seed: int, operators: int, waiting: int, rate: float, seconds: float) -> None:
    chance = random.Random(seed)
    queues = tuple(
        Queue(name, max_waiting=waiting // len(NAMES), announce_every=45, wrap_up=10, overflow=((90, ("language",)),))
        for name in NAMES
    )
    staff = {}
    for number in range(operators):
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
    day = Day(queues, staff, kinds, lambda _: rate, seconds, chance)
    broken = offered = most = full = 0
    for now, _, actions in day.run():
        most = max(most, len(day.state.waiting))
        offered += sum(isinstance(one, w.Offer) for one in actions)
        full += sum(isinstance(one, w.Exit) and one.exit == "full" for one in actions)
        broken += violations(day.state, now)
    took = sorted(1000 * one for one in day.decisions)
    p99 = quantiles(took, n=100)[98]
    print(f"{operators} operators, {rate:g} calls/s, {seconds:g} s of virtual time, seed {seed}")
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


parser = argparse.ArgumentParser(prog="python -m bench.router")
parser.add_argument("seed", nargs="?", type=int, default=random.randrange(1 << 32))
for name, usual in (("operators", 200), ("waiting", 500), ("rate", 20.0), ("seconds", 600.0)):
    parser.add_argument(f"--{name}", type=type(usual), default=usual)
main(**vars(parser.parse_args()))
