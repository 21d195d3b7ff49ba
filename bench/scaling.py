"""How much load an installation takes, and for how long; and how much more with a second controller.

python -m bench.scaling [--rate 100] [--minutes 10] [--controllers 1] [--long]
python -m bench.scaling --climb [--share 0.25] [--rate 40]

The first: an installation as `ivr up` starts it takes RATE calls a second for MINUTES. Each call is: answer, prompt,
menu key, ticket, a second in a queue, hang up. With `--long` they wait 40 s, so that 25 a second are a thousand at a
time. Told are calls that failed, how many there were at a time, when the prompt began, the memory of each process
(from a fifth of the time on, at most two minutes, to the end) and its CPU a call. Exit status 1: a call failed or has
no ticket, the prompt's p99 is over 300 ms, or a controller's memory grew by more than 5 %.

The second: what one controller takes, and what two take, when each may use SHARE of a core (by the kernel's control
groups, as root): Asterisk and the callers are on the same cores, and without that they would be what gives out first.
RATE grows by a tenth every ten seconds until a call fails or the prompt's p99 is over the limit. Exit status 1: two
take less than 1.7 × what one takes.

All of it is on loopback.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from statistics import quantiles

from sqlalchemy import func, select

from bench.caller import Caller, Result, load
from bench.house import FLOWS, OPERATOR, RTP, cpu
from ivr.store.database import Database
from ivr.store.schema import Call, Ticket
from tests.live.conftest import OPEN, Installation

WHOLE, LONG = "+390600000002", "+390600000004"
LIMIT = 300.0  # ms until the prompt begins, p99
GROWTH = 0.05  # of a controller's memory
GAIN = 1.7
WARM = 5.0
STEP, FACTOR, MOST = 10.0, 1.1, 400.0  # seconds at a rate; then the next; calls a second at most
LOOK = 2.0
WITHIN = 80.0  # seconds that a call may last
SETTLE = 30.0  # seconds that the last tickets have
GROUPS = Path("/sys/fs/cgroup")
PERIOD = 10_000  # µs in which a controller may use its share


@asynccontextmanager
async def site(controllers: int) -> AsyncIterator[Installation]:
    """Its operator is at a training: who waits in the queue waits on."""
    settings = {
        "CONTROLLERS__COUNT": str(controllers), "FLOWS__FOLDER": str(FLOWS),
        "ADMISSION__CALLS": "5000", "ADMISSION__WAITING": "5000",
        **RTP,
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        house = Installation(Path(folder), OPEN, **settings)
        await asyncio.to_thread(house.start)
        try:
            house.ivr("operators", "add", OPERATOR, "--name", "Anna", "--languages", "en", "--queues", "all")
            await asyncio.sleep(2.5)  # the controllers look for new operators each second
            with house.desk(OPERATOR):
                house.ivr("operators", "state", OPERATOR, "paused", "--reason", "training")
                yield house
        finally:
            await asyncio.to_thread(house.stop)


def pids(house: Installation) -> dict[str, int]:
    status = house.status()
    return {one["id"]: one["pid"] for one in status["controllers"]} | {"asterisk": status["asterisk"]["pid"]}


def memory(pid: int) -> float:
    """MiB that are resident."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def watch(of: dict[str, int], seen: dict[str, list[float]]) -> None:
    while True:
        for name, pid in of.items():
            seen.setdefault(name, []).append(memory(pid))
        await asyncio.sleep(LOOK)


def prompt(results: list[Result]) -> tuple[float, float]:
    """ms from INVITE to the first sound: median and p99, of those who heard it."""
    times = [1000 * (one.first_audio - one.begun) for one in results if one.first_audio]
    cuts = quantiles(times, n=100) if len(times) > 1 else [float("inf")] * 99
    return cuts[49], cuts[98]


def failures(results: list[Result]) -> int:
    return sum(not (one.ended_by_them and one.first_audio) for one in results)


def stored(house: Installation) -> tuple[int, int]:
    """Calls and tickets in the store, once all tickets are there or should be."""
    deadline = time.monotonic() + SETTLE
    while True:
        with Database(house.settings.database_url).read() as session:
            found = [session.scalar(select(func.count()).select_from(one)) or 0 for one in (Call, Ticket)]
        if found[0] == found[1] or time.monotonic() > deadline:
            return found[0], found[1]
        time.sleep(1)


async def hold(args: argparse.Namespace) -> int:
    rate, seconds, number = args.rate, 60 * args.minutes, LONG if args.long else WHOLE
    async with site(args.controllers) as house:
        caller, of, seen = await Caller(house.settings.ports.sip).open(), pids(house), dict[str, list[float]]()
        before = {name: cpu(pid) for name, pid in of.items()}
        watching = asyncio.create_task(watch(of, seen))
        results = await load(caller, number, rate, round(rate * seconds), within=WITHIN)
        watching.cancel()
        spent = {name: 1000 * (cpu(pid) - before[name]) / len(results) for name, pid in of.items()}
        calls, tickets = await asyncio.to_thread(stored, house)
    failed, (p50, p99) = failures(results), prompt(results)
    print(f"{len(results)} calls at {rate:g}/s for {args.minutes:g} min, {args.controllers} controller(s)")
    print(f"{failed} failed, {caller.most} at a time; {calls} calls and {tickets} tickets in the store")
    print(f"prompt begins after {p50:.0f} ms (median), {p99:.0f} ms (p99)")
    early, worst = round(min(120.0, seconds / 5) / LOOK), 0.0
    for name, sizes in seen.items():
        first, last = sizes[min(early, len(sizes) - 1)], sizes[-1]
        grown = last / first - 1
        worst = max(worst, grown) if name != "asterisk" else worst
        print(f"{name:<14}{spent[name]:6.2f} ms of CPU a call   {first:6.0f} to {last:.0f} MiB ({grown:+.1%})")
    return 1 if failed or calls != tickets or p99 > LIMIT or worst > GROWTH else 0


@contextmanager
def limited(of: dict[str, int], share: float) -> Iterator[None]:
    """Each process has so much of a core. Control groups of either version."""
    old = (GROUPS / "cpu/cpu.cfs_quota_us").exists() or (GROUPS / "cpu").is_dir()
    made: list[Path] = []
    try:
        for name, pid in of.items():
            group = GROUPS / ("cpu" if old else "") / f"ivr-bench-{name}-{pid}"
            group.mkdir()
            made.append(group)
            quota = round(share * PERIOD)
            if old:
                (group / "cpu.cfs_period_us").write_text(str(PERIOD))
                (group / "cpu.cfs_quota_us").write_text(str(quota))
            else:
                (group / "cpu.max").write_text(f"{quota} {PERIOD}")
            (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        for group in made:  # of ours alone; whoever is still in it goes back where they came from
            for pid in (group / "cgroup.procs").read_text().split():
                with suppress(OSError):
                    (group.parent / "cgroup.procs").write_text(pid)
            group.rmdir()


async def most(controllers: int, share: float, rate: float) -> float:
    """Calls a second that so many controllers take."""
    held = 0.0
    async with site(controllers) as house:
        caller = await Caller(house.settings.ports.sip).open()
        with limited({name: pid for name, pid in pids(house).items() if name != "asterisk"}, share):
            await load(caller, WHOLE, rate, round(rate * WARM))
            while rate < MOST:
                results = await load(caller, WHOLE, rate, round(rate * STEP))
                failed, (p50, p99) = failures(results), prompt(results)
                print(f"{controllers:>11}{rate:>12.0f}{failed:>8}{p50:>12.0f}{p99:>9.0f}", flush=True)
                if failed or p99 > LIMIT:
                    break
                held, rate = rate, rate * FACTOR
    return held


async def climb(args: argparse.Namespace) -> int:
    print(f"each controller has {args.share:.0%} of a core")
    print(f"{'controllers':>11}{'calls/s':>12}{'failed':>8}{'prompt p50':>12}{'p99, ms':>9}")
    one = await most(1, args.share, args.rate)
    two = await most(2, args.share, args.rate)
    gain = two / one if one else 0.0
    print(f"one takes {one:.0f} calls/s, two {two:.0f}: {gain:.2f} ×    asked: {GAIN}")
    return 1 if gain < GAIN else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scaling")
    parser.add_argument("--rate", type=float, help="calls a second (100; with --climb the first rate, 40)")
    parser.add_argument("--minutes", type=float, default=10.0, help="of calls (10)")
    parser.add_argument("--long", action="store_true", help="calls wait 40 s in the queue, not one")
    parser.add_argument("--controllers", type=int, default=1, help="how many (1)")
    parser.add_argument("--climb", action="store_true", help="what one controller takes, and what two take")
    parser.add_argument("--share", type=float, default=0.25, help="of a core that each has in that (0.25)")
    args = parser.parse_args()
    args.rate = args.rate or (40.0 if args.climb else 100.0)
    return args


if __name__ == "__main__":
    chosen = arguments()
    # A shell that starts us in the background has us ignore it, and our children, who are ended by it, would, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(asyncio.run(climb(chosen) if chosen.climb else hold(chosen)))
