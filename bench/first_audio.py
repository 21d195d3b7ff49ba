"""Time from INVITE to the first packet with sound, at 10 calls/s; beside a plain dialplan.

python -m bench.first_audio [CALLS]
"""

import asyncio
import statistics
import sys

from bench.caller import Caller, load
from bench.house import House

RATE = 10.0


async def main(calls: int) -> None:
    rows = []
    async with House() as house:
        caller = await Caller(house.sip).open()
        for name, number in (("Numero Nero", "+390600000001"), ("plain dialplan", "plain")):
            await load(caller, number, RATE, 10)
            results = await load(caller, number, RATE, calls)
            times = sorted(1000 * (one.first_audio - one.begun) for one in results if one.first_audio)
            rows.append((name, len(times), statistics.median(times), times[int(len(times) * 0.95)], times[-1]))
    print(f"{calls} calls at {RATE:g}/s: INVITE to first sound, ms")
    print(f"{'':<18}{'heard':>8}{'median':>10}{'p95':>10}{'max':>10}")
    for name, heard, median, p95, most in rows:
        print(f"{name:<18}{heard:>8}{median:>10.1f}{p95:>10.1f}{most:>10.1f}")


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
