"""Controllers are killed under load: is a call lost, or a ticket, and how soon does a call go on?

python -m bench.takeover [RATE [SECONDS]]

Two controllers on one Asterisk as `ivr up` starts them; RATE calls a second (10) for SECONDS (60), each hears a prompt
to its end and is then hung up by us. Every 20 s one of the two is killed (SIGKILL), in turn; `ivr up` starts it anew.
What became of each call is looked for in the store when all is over: `lost` are calls that were not answered, or that
did not hear the end. Resume: from the kill to the moment at which another controller went on with the call.
Exit status 1: one was lost, or a ticket is missing or double, or resume p99 is over 1.5 s.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

from sqlalchemy import select

from bench.caller import Caller, Result, load
from bench.house import FLOWS, RTP
from ivr.store.database import Database
from ivr.store.schema import Call, JourneyEntry, Ticket
from tests.live.conftest import OPEN, Installation

NUMBER = "+390600000003"
EVERY = 20.0  # seconds from one kill to the next
LIMIT = 1.5  # seconds
TICKETS = 60.0  # seconds that the last tickets have


async def main(rate: float, seconds: float) -> int:
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        own = {"CONTROLLERS__COUNT": "2", "FLOWS__FOLDER": str(FLOWS)}
        own |= {"ADMISSION__CALLS": "2000"}  # 50 a second become more than 1,000 when prompts begin anew after a kill
        house = Installation(Path(folder), OPEN, **own, **RTP)
        await asyncio.to_thread(house.start)
        try:
            caller = await Caller(house.settings.ports.sip).open()
            await load(caller, NUMBER, rate, round(rate))
            begun = datetime.now(UTC)
            killing = asyncio.create_task(kill(house))
            results = await load(caller, NUMBER, rate, round(rate * seconds))
            killing.cancel()
            await asyncio.to_thread(settled, house)
            return tell(rate, seconds, results, killed, begun, Database(house.settings.database_url))
        finally:
            house.stop()


killed: list[datetime] = []


async def kill(house: Installation) -> None:
    for name in cycle(("controller-1", "controller-2")):
        await asyncio.sleep(EVERY / 2 if not killed else EVERY)
        pids = {one["id"]: one["pid"] for one in house.status()["controllers"]}
        killed.append(datetime.now(UTC))
        os.kill(pids[name], signal.SIGKILL)


def settled(house: Installation) -> None:
    """Until every call has ended and has its ticket, or the time for it is over."""
    deadline = time.monotonic() + TICKETS
    while time.monotonic() < deadline:
        with Database(house.settings.database_url).read() as session:
            calls, tickets = session.query(Call).count(), session.query(Ticket).count()
            live = session.query(Call).filter(Call.ended_at.is_(None)).count()
        if not live and calls <= tickets:
            return
        time.sleep(0.5)


def tell(
    rate: float, seconds: float, results: list[Result], kills: list[datetime], begun: datetime, database: Database
) -> int:
    with database.read() as session:
        rows = session.scalars(select(Call).where(Call.started_at >= begun)).all()
        tickets = Counter(session.scalars(select(Ticket.call_id)))
        moved = session.scalars(select(JourneyEntry.at).where(JourneyEntry.kind == "continued")).all()
    resumed = sorted((at - max(kill for kill in kills if kill <= at)).total_seconds() for at in moved)
    p50, p99 = (resumed[len(resumed) * part // 100] if resumed else 0.0 for part in (50, 99))
    unanswered = sum(not one.answered for one in results)
    cut = sum(one.answered and not one.ended_by_them for one in results)
    failed = sum(row.outcome != "self-served" for row in rows)
    missing, double = sum(not tickets[row.id] for row in rows), sum(number > 1 for number in tickets.values())
    print(f"{len(results)} calls at {rate:g}/s for {seconds:g} s, {len(kills)} kills; {len(rows)} calls in the store")
    print(f"{'lost':>8}{'of them':>30}{'tickets':>24}{'resumed':>10}{'p50, s':>9}{'p99, s':>9}{'max, s':>9}")
    print(f"{'':>8}{'no answer':>10}{'cut':>8}{'failed':>12}{'missing':>12}{'double':>12}")
    lost = unanswered + cut + failed
    print(
        f"{lost:>8}{unanswered:>10}{cut:>8}{failed:>12}{missing:>12}{double:>12}"
        f"{len(resumed):>10}{p50:>9.2f}{p99:>9.2f}{resumed[-1] if resumed else 0.0:>9.2f}"
    )
    return 1 if lost or missing or double or p99 > LIMIT else 0


if __name__ == "__main__":
    given = [float(one) for one in sys.argv[1:]]
    sys.exit(asyncio.run(main(*given, *(10.0, 60.0)[len(given) :])))
