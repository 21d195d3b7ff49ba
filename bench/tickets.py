"""Calls that close at 100 a second while the ticketing backend fails a third of the time and who delivers is killed
twice: how many tickets there are in the end, and what closing a call costs meanwhile.

python -m bench.tickets [embedded|rt|away|nobody] [--postgresql] [--calls N]

What closing costs while the backend is `away` (it answers each request after a minute), and when `nobody` delivers.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from ivr.cli.deliver import deliver, open_backend
from ivr.settings import load
from ivr.store import calls, outbox
from ivr.store.database import Database
from ivr.store.schema import Ticket
from ivr.store.writer import Writer
from ivr.tickets.backend import Unavailable
from ivr.tickets.embedded import Embedded
from ivr.tickets.outcome import Draft
from tests import faults, postgresql, rt
from tests.faults import Fault, Faults

A_SECOND = 100
FAILING = 0.3
PATIENCE = 1800.0
SUBJECT = "Rimborso di un pagamento doppio"


class Failing(Embedded):
    """Half of its failures come after the work was done."""

    def put(self, drafts: Sequence[Draft]) -> list[str]:
        chance = random.random()
        if chance < FAILING / 2:
            raise Unavailable("it fails before")
        made = super().put(drafts)
        if chance < FAILING:
            raise Unavailable("it fails after")
        return made


class Away(Embedded):
    def put(self, drafts: Sequence[Draft]) -> list[str]:
        time.sleep(60)
        raise Unavailable("no answer in a minute")


def fails(line: str) -> Fault:
    kinds = (
        faults.refuses,
        faults.drops_the_answer,
        faults.says("500 Internal Server Error"),
        faults.says_after("502"),
    )
    return random.choice(kinds) if random.random() < FAILING else faults.through


def as_deliverer(folder: Path, kind: str) -> None:
    """In a process of its own: what `ivr deliver` does, to a backend that fails."""
    settings = load(folder)
    database, stop = Database(settings.database_url), threading.Event()
    backend = {"embedded": Failing, "away": Away}.get(kind)
    deliver(settings, database, backend(database) if backend else open_backend(settings, database), stop)


@contextmanager
def deliverer(folder: Path, kind: str) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """The process is the list's last; `again` starts another."""
    log = (folder / "deliver.log").open("ab")
    started = [start(folder, kind, log)]
    try:
        yield started
    finally:
        started[-1].kill()
        started[-1].wait()
        log.close()


def start(folder: Path, kind: str, log: object) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "bench.tickets", "--deliver", str(folder), kind]
    return subprocess.Popen(command, stdout=log, stderr=log)  # type: ignore[call-overload,no-any-return]


async def close_calls(database: Database, number: int, each: Mapping[int, Callable[[], None]]) -> list[float]:
    """Milliseconds until the end of each is on the disk, by a controller's own writer; `each`: what is done when so
    many are closed."""
    writer, begun, costs = Writer(database), time.monotonic(), []
    for count in range(number):
        now, call = datetime.now(UTC), f"call-{count:06}"
        row = {"id": call, "channel": call, "controller": "c", "called": "1", "caller": "+390612345678"}
        await writer.run(lambda session, row=row, now=now: calls.start(session, **row, started_at=now))  # type: ignore[misc]
        before = time.perf_counter()
        await writer.run(lambda session, call=call, now=now: calls.finish(session, call, **end(now)))  # type: ignore[misc]
        costs.append((time.perf_counter() - before) * 1000)
        if work := each.get(count):
            await asyncio.to_thread(work)
        await asyncio.sleep(max(0.0, begun + (count + 1) / A_SECOND - time.monotonic()))
    await writer.close()
    return costs


def end(now: datetime) -> dict[str, Any]:
    said = {"subject": SUBJECT, "fields": {"reason": "rimborso"}}
    facts = {"outcome": "served", "operator": "4271", "disposition": "A", "talked": 120.0, "ticket": said}
    return {"ended_at": now, "ticket_due_at": now, "survey": {"s": {"clarity": 4}}, **facts}


def measure(kind: str, on_postgresql: bool, number: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ivr-bench-")))
        if on_postgresql:
            pg = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ivr-pg-")))
            os.environ["NUMERO_NERO_STORE__URL"] = stack.enter_context(postgresql.server(pg)).format("postgres")
        tracker = stack.enter_context(rt.server()) if kind == "rt" else None
        if tracker:
            network = Faults(tracker.address)
            network.fault = fails
            os.environ["NUMERO_NERO_SECRET_RT_TOKEN"] = tracker.token
            given = f'[tickets]\nbackend = "rt"\n[tickets.rt]\nurl = "{network.address}"\nqueue = "{rt.QUEUE}"\n'
            (folder / "numero-nero.toml").write_text(given + '[tickets.rt.fields]\ntype = "type"\n')
        database = Database(load(folder).database_url)
        database.migrate()
        running = stack.enter_context(deliverer(folder, kind)) if kind != "nobody" else []

        def kill() -> None:
            running[-1].send_signal(signal.SIGKILL)
            running[-1].wait()
            running.append(start(folder, kind, (folder / "deliver.log").open("ab")))

        killed = {} if kind in ("away", "nobody") else {number // 3: kill, 2 * number // 3: kill}
        costs = sorted(asyncio.run(close_calls(database, number, killed)))
        told(f"closing, {kind}, {'PostgreSQL' if on_postgresql else 'SQLite'}", costs)
        if not killed:
            return
        begun = time.monotonic()
        while (view := standing(database)).pending and time.monotonic() < begun + PATIENCE:
            time.sleep(0.5)
        found = Counter(tickets(database, tracker))
        double = sum(count - 1 for count in found.values())
        missing = number - len(found)
        last = f"the last {time.monotonic() - begun:.0f} s after the last call"
        print(f"{len(found):,} tickets, {double} double, {missing} missing, {view.failed} set aside; {last}")


def standing(database: Database) -> outbox.Standing:
    with database.read() as session:
        return outbox.standing(session, datetime.now(UTC))


def tickets(database: Database, tracker: rt.RequestTracker | None) -> list[str]:
    if tracker:
        return [call for call, _, _ in tracker.tickets()]
    with database.read() as session:
        return list(session.scalars(select(Ticket.call_id)))


def told(what: str, costs: list[float]) -> None:
    p50, p95, p99 = (costs[int(len(costs) * share)] for share in (0.5, 0.95, 0.99))
    print(
        f"{what}: {len(costs):,} calls, p50 {p50:.2f} ms, p95 {p95:.2f} ms, p99 {p99:.2f} ms, most {costs[-1]:.1f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", nargs="?", default="embedded", choices=["embedded", "rt", "away", "nobody"])
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--calls", type=int)
    parser.add_argument("--deliver", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.deliver:
        as_deliverer(Path(args.deliver[0]), args.deliver[1])
        return
    usual = {"embedded": 10_000, "rt": 500, "away": 3_000, "nobody": 3_000}
    measure(args.kind, args.postgresql, args.calls or usual[args.kind])


if __name__ == "__main__":
    main()
