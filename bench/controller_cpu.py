"""A controller's CPU for one call (answer, prompt, key, hang up) at 50 calls/s; beside asyncari and a plain dialplan.

python -m bench.controller_cpu [CALLS [ROUNDS]]

Each round is CALLS calls of each; the table shows the medians of the rounds, then ours by thread: the event loop
(Asterisk's events, the flow machine), the store's writer, and the rest (tickets, heartbeats' reads).
"""

import asyncio
import subprocess
import sys
from statistics import median

from bench.caller import Caller, load
from bench.house import House, cpu, threads

RATE = 50.0
SETTLE = 2.0  # seconds until the last call's end and ticket are written


async def main(calls: int, rounds: int) -> None:
    async with House() as house:
        caller = await Caller(house.sip).open()
        other = subprocess.Popen(
            [sys.executable, "-m", "bench.asyncari_controller", str(house.ari), house.password, str(house.prompt)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert other.stdout is not None
        other.stdout.readline()
        parties = (
            ("Numero Nero", "+390600000001", house.controller),
            ("asyncari 0.20.6", "asyncari", other.pid),
            ("plain dialplan", "plain", None),
        )
        # milliseconds a call, one value a round
        ours: dict[str, list[float]] = {name: [] for name, _, _ in parties}
        asterisk: dict[str, list[float]] = {name: [] for name, _, _ in parties}
        by_thread: dict[str, list[float]] = {}
        whole = dict.fromkeys(ours, 0)
        for _ in range(rounds):
            for name, number, pid in parties:
                await load(caller, number, 10, 20)  # warm
                before, theirs = threads(pid) if pid else {}, cpu(house.asterisk)
                results = await load(caller, number, RATE, calls)
                await asyncio.sleep(SETTLE)
                after = threads(pid) if pid else {}
                used = {thread: 1000 * (after[thread] - before.get(thread, 0.0)) / calls for thread in after}
                ours[name].append(sum(used.values()))
                asterisk[name].append(1000 * (cpu(house.asterisk) - theirs) / calls)
                whole[name] += sum(result.ended_by_them for result in results)
                if pid == house.controller:
                    for thread, spent in used.items():
                        by_thread.setdefault(thread, []).append(spent)
        other.terminate()
        other.wait()
    print(f"{calls} calls at {RATE:g}/s, {rounds} rounds: answer, prompt, key 1, hang up")
    print(f"{'':<18}{'whole calls':>12}{'controller ms/call':>20}{'Asterisk ms/call':>18}")
    for name in ours:
        print(f"{name:<18}{whole[name]:>12}{median(ours[name]):>20.2f}{median(asterisk[name]):>18.2f}")
    print("Numero Nero by thread, ms/call")
    for thread, spent in by_thread.items():
        print(f"  {thread:<16}{median(spent):>12.2f}   ({', '.join(f'{one:.2f}' for one in spent)})")


arguments = [int(argument) for argument in sys.argv[1:]]
asyncio.run(main(*arguments, *(600, 3)[len(arguments) :]))
