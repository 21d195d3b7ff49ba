"""A controller's CPU for one call (answer, prompt, key, hang up) at 50 calls/s; beside asyncari and a plain dialplan.

python -m bench.controller_cpu [CALLS]
"""

import asyncio
import subprocess
import sys

from bench.caller import Caller, load
from bench.house import House, cpu

RATE = 50.0


async def main(calls: int) -> None:
    async with House() as house:
        caller = await Caller(house.sip).open()
        other = subprocess.Popen(
            [sys.executable, "-m", "bench.asyncari_controller", str(house.ari), house.password, str(house.prompt)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert other.stdout is not None
        other.stdout.readline()
        rows = []
        for name, number, pid in (
            ("Numero Nero", "+390600000001", house.controller),
            ("asyncari 0.20.6", "asyncari", other.pid),
            ("plain dialplan", "plain", None),
        ):
            await load(caller, number, 10, 20)  # warm
            before, asterisk = cpu(pid) if pid else 0.0, cpu(house.asterisk)
            results = await load(caller, number, RATE, calls)
            await asyncio.sleep(2)
            used = (cpu(pid) if pid else 0.0) - before
            whole = sum(result.ended_by_them for result in results)
            rows.append((name, whole, 1000 * used / calls, 1000 * (cpu(house.asterisk) - asterisk) / calls))
        other.terminate()
        other.wait()
    print(f"{calls} calls at {RATE:g}/s: answer, prompt, key 1, hang up")
    print(f"{'':<18}{'whole calls':>12}{'controller ms/call':>20}{'Asterisk ms/call':>18}")
    for name, whole, ours, theirs in rows:
        print(f"{name:<18}{whole:>12}{ours:>20.2f}{theirs:>18.2f}")


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
