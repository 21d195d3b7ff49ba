"""The API and the export over a million calls: what programs of other houses ask, over HTTP, of a real `ivr web`.
SQLite, then PostgreSQL with its settings as they come (but without fsync), after the ANALYZE that its autovacuum does.
Each request is in the audit, which is a transaction; several ask at once only for the requests a second.

python -m bench.api [ROWS] [sqlite|postgresql]
"""

import asyncio
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles

from aiohttp import ClientSession
from sqlalchemy import create_engine, select, text

from bench.catalogue.centre import DAYS, FIRST, OPERATORS, QUEUES, fill
from ivr.cli.installation import free_base
from ivr.settings import load
from ivr.store.database import Database
from ivr.store.schema import Call
from ivr.web.v1 import keys
from ivr.web.v1.scopes import SCOPES
from tests import postgresql

ROUNDS, AT_ONCE, SECONDS = 40, 8, 10.0


def _day(chance: random.Random, number: int) -> str:
    begin = FIRST + timedelta(days=chance.randrange(DAYS - number + 1))
    return f"from={begin}T00:00:00Z&to={begin + timedelta(days=number)}T00:00:00Z"


def asked(ids: list[str]) -> dict[str, Callable[[random.Random], str]]:
    return {
        "the newest calls": lambda _: "/calls",
        "a day's calls": lambda one: f"/calls?{_day(one, 1)}",
        "a day's calls, 500 a page": lambda one: f"/calls?{_day(one, 1)}&limit=500",
        "a week's, of an operator": lambda one: f"/calls?{_day(one, 7)}&operator={one.choice(list(OPERATORS))}",
        "a queue's, the oldest first": lambda one: f"/calls?queue={one.choice(list(QUEUES))}&order=oldest",
        "a month's of a rare kind": lambda one: f"/calls?{_day(one, 30)}&disposition=PI&language=fr",
        "calls in progress": lambda _: "/calls?live=true",
        "one call": lambda one: f"/calls/{one.choice(ids)}",
        "one call's journey": lambda one: f"/calls/{one.choice(ids)}/journey",
        "a day's outcomes": lambda one: f"/outcomes?{_day(one, 1)}&order=oldest",
        "a day's survey answers": lambda one: f"/survey-answers?{_day(one, 1)}",
        "a call's survey answers": lambda one: f"/survey-answers?call={one.choice(ids)}",
        "a day's recordings of a queue": lambda one: (
            f"/recordings?from={FIRST + timedelta(days=one.randrange(DAYS))}&queue={one.choice(list(QUEUES))}"
        ),
    }


@contextmanager
def serving(folder: Path, database: Database):  # type: ignore[no-untyped-def]
    """Gives its address and a key."""
    with database.transaction() as session:
        key = keys.add(session, f"bench-{os.getpid()}", list(SCOPES), by="bench", per_minute=keys.MOST_PER_MINUTE)
    url = database.url.render_as_string(hide_password=False)
    environment = os.environ | {"NUMERO_NERO_STORE__URL": url, "NUMERO_NERO_PORTS__BASE": str(free_base())}
    port = load(folder, environment=environment).ports.web
    process = subprocess.Popen(
        [sys.executable, "-m", "ivr.cli.main", "web", "--data", str(folder)], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{port}/api/v1", key
    finally:
        process.terminate()
        process.wait(30)


async def ask(address: str, key: str, ids: list[str], chance: random.Random) -> None:
    async with ClientSession(headers={"Authorization": f"Bearer {key}"}) as client:

        async def one(path: str) -> float:
            begun = time.perf_counter()
            async with client.get(address + path) as answer:
                assert answer.status == 200, await answer.text()
                await answer.read()
            return 1000 * (time.perf_counter() - begun)

        deadline = time.monotonic() + 60
        while True:
            try:
                await one("/calls?limit=1")
                break
            except OSError:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.2)
        print(f"  {'asked, one after the other':<34}{'p50, ms':>9}{'p95, ms':>9}")
        every = []
        for kind, make in asked(ids).items():
            times = [await one(make(chance)) for _ in range(ROUNDS)]
            every += times
            print(f"  {kind:<34}{median(times):>9.1f}{quantiles(times, n=20)[-1]:>9.1f}")
        print(f"  {'all':<34}{median(every):>9.1f}{quantiles(every, n=20)[-1]:>9.1f}")
        until, done = time.monotonic() + SECONDS, 0

        async def again() -> None:
            nonlocal done
            while time.monotonic() < until:
                await one(f"/calls/{chance.choice(ids)}")
                done += 1

        await asyncio.gather(*(again() for _ in range(AT_ONCE)))
        print(f"  {AT_ONCE} at once ask for one call each: {done / SECONDS:.0f} requests a second")


def hand_over(database: Database, folder: Path) -> None:
    """In a process of its own, whose memory tells."""
    url = database.url.render_as_string(hide_password=False)
    environment = os.environ | {"NUMERO_NERO_STORE__URL": url}
    for format in ("parquet", "csv"):
        out = folder / format
        days = f"{FIRST}..{FIRST + timedelta(days=DAYS)}"
        begun = time.perf_counter()
        command = [sys.executable, "-m", "bench.api", "export", days, str(out), format, str(folder)]
        told = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True).stdout
        took, (rows, peak) = time.perf_counter() - begun, map(int, told.split())
        size = sum(path.stat().st_size for path in out.iterdir()) / 1e6
        print(
            f"  export as {format:<8} {rows:>9} rows in {took:>4.0f} s, {rows / took:>7.0f} rows/s,"
            f" {size:>6.0f} MB, {peak / 1024:.0f} MB of memory at most"
        )


def export_here(days: str, out: str, format: str, data: str) -> None:
    from zoneinfo import ZoneInfo

    from ivr.cli.output import span
    from ivr.export.export import Wanted, export

    settings, (first, last) = load(Path(data)), span(days)
    database, zone = Database(settings.database_url), ZoneInfo(settings.recordings.timezone)
    made = export(database, Wanted(first, last, format, zone, "of the bench"), Path(out))
    print(sum(one.rows for one in made.files), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def measure(name: str, database: Database, folder: Path, rows: int) -> None:
    print(f"\n{name}: {rows} calls")
    database.migrate()
    fill(database, rows, 7)
    if name == "PostgreSQL":
        with database.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    with database.read() as session:
        ids = list(session.scalars(select(Call.id).limit(20_000)))
    with serving(folder, database) as (address, key):
        asyncio.run(ask(address, key, ids, random.Random(7)))
    hand_over(database, folder)
    database.engine.dispose()


def main(rows: int = 1_000_000, only: str = "") -> None:
    if only != "postgresql":
        with tempfile.TemporaryDirectory(prefix="ivr-bench-") as name:
            measure("SQLite", Database(f"sqlite:///{name}/database.sqlite3"), Path(name), rows)
    if only != "sqlite":
        with (
            tempfile.TemporaryDirectory(prefix="ivr-bench-") as name,
            tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder,
            postgresql.server(Path(folder)) as address,
        ):
            engine = create_engine(address.format("postgres"), isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(text("CREATE DATABASE bench"))
            engine.dispose()
            measure("PostgreSQL", Database(address.format("bench")), Path(name), rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["export"]:
        export_here(*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, *sys.argv[2:3])
