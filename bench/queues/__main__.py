"""Operators and callers on real SIP, several controllers: are the router's promises kept, and how soon does an operator
who becomes ready have the next call?

python -m bench.queues [--operators 200] [--waiting 500] [--rate 20] [--seconds 600] [--controllers 2] [--app-queue]

An installation of its own; `--waiting` calls come before the operators do, then `--rate` a second. What was promised is
looked for in the store alone, when all is over. `--app-queue`: the same operators and callers with Asterisk's own queue
before that, and nobody hangs up in the queue. Exit status 1: a promise was broken.
"""

import argparse
import asyncio
import math
import random
import sys
import tempfile
from pathlib import Path

from bench.queues import app_queue, centre, report
from bench.queues.centre import Load


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.queues")
    for name, usual in (("operators", 200), ("waiting", 500), ("rate", 20.0), ("seconds", 600.0), ("controllers", 2)):
        parser.add_argument(f"--{name}", type=type(usual), default=usual)
    parser.add_argument("--impatient", type=float, default=0.05, help="the part of callers who hang up before long")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--app-queue", action="store_true")
    parser.add_argument("--keep", type=Path, help="a folder for all that the run leaves")
    return parser.parse_args()


async def main(args: argparse.Namespace, folder: Path) -> int:
    impatient = 0.0 if args.app_queue else args.impatient
    load = Load(args.operators, args.waiting, args.rate, args.seconds, args.controllers, impatient, args.seed)
    rows = []
    if args.app_queue:
        (folder / "app_queue").mkdir()
        phones, callers, core = await app_queue.run(load, folder / "app_queue")
        times = report.from_hang_up(phones, callers, centre.WRAP_UP)
        by_its_clock = report.from_hang_up(phones, callers, centre.WRAP_UP, math.floor)
        rows += [(f"app_queue ({100 * core:.0f} % of a core)", times), ("  by its whole seconds", by_its_clock)]
    (folder / "ours").mkdir()
    result = await centre.run(load, folder / "ours")
    rows.append(("Numero Nero", report.from_hang_up(result.phones, result.callers, centre.WRAP_UP)))
    return report.tell(load, result, rows)


if __name__ == "__main__":
    args = arguments()
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as temporary:
        if args.keep:
            args.keep.mkdir(parents=True)
        sys.exit(asyncio.run(main(args, (args.keep or Path(temporary)).resolve())))
