"""Calls come, and something breaks: is any caller lost, is any ticket missing or double, does anything stay up?

python -m bench.chaos [SCENARIO ...] [--rate 5] [--seconds 40] [--list]

Each scenario has an installation of its own, with two controllers (`make chaos` runs all); those of several Asterisks
have one on each of two, behind Kamailio. Calls go through a sentence, a menu, a queue and a survey, and end by
themselves. What callers saw and what the store holds must agree. Exit status 1: a promise was broken.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from bench.chaos.scenarios import ALL, Scenario
from bench.chaos.site import Site
from bench.chaos.verdict import Verdict, verdict


def arguments() -> argparse.Namespace:
    names = [one.name for one in ALL]
    parser = argparse.ArgumentParser(prog="python -m bench.chaos")
    parser.add_argument("scenario", nargs="*", metavar="SCENARIO", help=f"of: {', '.join(names)} (all)")
    parser.add_argument("--rate", type=float, default=5.0, help="calls a second (5)")
    parser.add_argument("--seconds", type=float, default=40.0, help="of calls (40)")
    parser.add_argument("--list", action="store_true", help="say what each breaks, and end")
    args = parser.parse_args()
    if unknown := set(args.scenario) - set(names):
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}")
    return args


async def play(scenario: Scenario, rate: float, seconds: float, folder: Path) -> Verdict:
    site = Site(folder, scenario.postgresql, scenario.asterisks)
    await asyncio.to_thread(site.open)
    try:
        calls = asyncio.create_task(site.load(rate, seconds))
        out = await scenario.breaks(site)
        seen = await calls
        stored = await asyncio.to_thread(site.stored)
        left_over = await asyncio.to_thread(site.left_over)
    finally:
        await asyncio.to_thread(site.close)
    return verdict(seen, stored, left_over, scenario.forgiven, out)


def main(args: argparse.Namespace) -> int:
    chosen = [one for one in ALL if not args.scenario or one.name in args.scenario]
    width = max(len(one.name) for one in chosen)
    if args.list:
        print("\n".join(f"{one.name:{width}}  {one.title}" for one in chosen))
        return 0
    print(f"{'scenario':{width}}  calls  lost  failed  verdict", flush=True)
    broken = 0
    for scenario in chosen:
        with tempfile.TemporaryDirectory(prefix="ivr-chaos-") as folder:
            found = asyncio.run(play(scenario, args.rate, args.seconds, Path(folder)))
        broken += not found.passed
        said = "holds" if found.passed else "; ".join([*([f"{found.lost} lost"] if found.lost else []), *found.wrong])
        print(f"{scenario.name:{width}}  {found.calls:5}  {found.lost:4}  {found.failed:6}  {said}", flush=True)
        for note in found.notes:
            print(f"{'':{width}}  {note}", flush=True)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main(arguments()))
