"""A controller's CPU for one call, beside asyncari, node-ari-client and a plain dialplan in the same run.

python -m bench.controller_cpu [--rate 100] [--seconds 10] [--rounds 3] [--whole]

Two calls. The short one: answer, prompt, key, hang up; asyncari does it, too, and node-ari-client, where Node.js is.
The whole one: answer, prompt, menu key, ticket, a second in a queue, hang up; everything that a controller does beside
it (journey, state on the channel, metrics, logs) is on in both. CPU is user and system of the process, while calls come
evenly and others end; so it holds on a busy machine as well, though a few per cent worse. `--whole`: that call alone,
as the short one takes most of the time. Then ours by thread: the event loop (Asterisk's events, the flow machine), the
store's writer, and the rest.
"""

import argparse
import asyncio
import subprocess
import sys
from dataclasses import dataclass, field
from statistics import median

from asterisk_conf.render import ARI_USER
from bench import node_ari_client
from bench.caller import Caller, load
from bench.house import House, cpu, threads

WARM = 4.0  # seconds; longer than a call
LIMIT = 2.0  # ms of ours for the whole call


@dataclass
class Party:
    """Somebody who takes calls to `number`; `pid` of the controller. Figures in ms a call, one a round."""

    name: str
    number: str
    pid: int | None = None
    ours: list[float] = field(default_factory=list)
    asterisk: list[float] = field(default_factory=list)
    threads: dict[str, list[float]] = field(default_factory=dict)
    calls: int = 0
    whole: int = 0


def started(argv: list[str]) -> "subprocess.Popen[str]":
    """Another's controller, when it takes calls."""
    one = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert one.stdout is not None
    if "ready\n" not in one.stdout:
        raise RuntimeError(f"{argv[1]} did not start")
    return one


async def measure(party: Party, house: House, caller: Caller, rate: float, seconds: float) -> None:
    calls = asyncio.create_task(load(caller, party.number, rate, round(rate * (WARM + seconds))))
    await asyncio.sleep(WARM)
    before, theirs = threads(party.pid) if party.pid else {}, cpu(house.asterisk)
    await asyncio.sleep(seconds)
    after, asterisk = threads(party.pid) if party.pid else {}, cpu(house.asterisk) - theirs
    used = {thread: 1000 * (after[thread] - before.get(thread, 0.0)) / (rate * seconds) for thread in after}
    party.ours.append(sum(used.values()))
    party.asterisk.append(1000 * asterisk / (rate * seconds))
    for thread, spent in used.items():
        party.threads.setdefault(thread, []).append(spent)
    results = await calls
    party.calls += len(results)
    party.whole += sum(result.ended_by_them for result in results)


def tell(title: str, parties: list[Party]) -> None:
    print(f"\n{title:<52}{'whole calls':>16}{'controller ms/call':>20}{'Asterisk ms/call':>18}{'to plain':>10}")
    plain = median(parties[-1].asterisk)
    for one in parties:
        ours, asterisk = median(one.ours), median(one.asterisk)
        print(f"{one.name:<52}{f'{one.whole}/{one.calls}':>16}{ours:>20.2f}{asterisk:>18.2f}{asterisk / plain:>10.2f}")
    for thread, spent in parties[0].threads.items():
        print(f"  {thread:<16}{median(spent):>12.2f}   ({', '.join(f'{one:.2f}' for one in spent)})")


async def main(args: argparse.Namespace) -> int:
    async with House() as house, house.phone():
        caller = await Caller(house.sip).open()
        address = f"http://127.0.0.1:{house.ari}"
        asyncari = [sys.executable, "-m", "bench.asyncari_controller", address, house.password, str(house.prompt)]
        node = node_ari_client.argv(address, ARI_USER, house.password, house.prompt)
        others = [started(argv) for argv in (asyncari, node) if argv]
        names = ("asyncari 0.20.6", "asyncari"), (node_ari_client.NAME, "node")
        short = [
            Party("Numero Nero", "+390600000001", house.controller),
            *(Party(name, number, one.pid) for (name, number), one in zip(names, others, strict=False)),
            Party("plain dialplan", "plain"),
        ]
        if not node:
            print(f"{node_ari_client.NAME} is not measured: node and npm are not on the PATH")
        whole = [Party("Numero Nero", "+390600000002", house.controller), Party("plain dialplan", "plain-queue")]
        kinds = {"answer, prompt, menu key, ticket, queue, hang-up": whole}
        if not args.whole:
            kinds = {"answer, prompt, key, hang-up": short} | kinds
        idle = cpu(house.controller)
        await asyncio.sleep(args.seconds)
        idle = cpu(house.controller) - idle
        for _ in range(args.rounds):
            for parties in kinds.values():
                for party in parties:
                    await measure(party, house, caller, args.rate, args.seconds)
        for other in others:
            other.terminate()
            other.wait()
    print(f"{args.rate:g} calls/s for {args.seconds:g} s, medians of {args.rounds} rounds")
    for title, parties in kinds.items():
        tell(title, parties)
    print(f"\na controller without calls uses {idle / args.seconds:.1%} of a core")
    return 1 if median(whole[0].ours) > LIMIT or any(one.whole < one.calls for one in short + whole) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.controller_cpu")
    parser.add_argument("--rate", type=float, default=100.0, help="calls a second (100)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each in a round (10)")
    parser.add_argument("--rounds", type=int, default=3, help="whose medians are told (3)")
    parser.add_argument("--whole", action="store_true", help="only the whole call, and the plain dialplan's")
    sys.exit(asyncio.run(main(parser.parse_args())))
