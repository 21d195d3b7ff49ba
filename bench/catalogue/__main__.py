"""Searching and sampling a million recordings. A search is what `GET /api/recordings` does, the first page of 50, with
values that chance gives; all kinds of searches in turn. SQLite, then PostgreSQL with its settings as they come (but
without fsync, which a search does not need), after the ANALYZE that its autovacuum does.

python -m bench.catalogue [SEED] [ROWS]
"""

import random
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median, quantiles

from sqlalchemy import create_engine, text

from bench.catalogue.centre import ROME, fill
from bench.catalogue.searches import SEARCHES
from ivr.store.database import Database
from recordings import catalogue, samples
from recordings.criteria import conditions
from recordings.drawing import Plan, draw
from recordings.sampling import MOST_SEED
from tests import postgresql

ROUNDS = 40
SAMPLES = (
    ((), False),
    (("queue", "language"), False),
    (("queue", "language"), True),
    (("operator",), True),
    (("hours", "weekday", "type"), False),
    (("reason", "queue", "language"), True),
    (("duration", "wait"), False),
    (("survey:clear", "survey:courteous"), False),
    (("queue", "duration", "survey:clear"), True),
)


def measure(name: str, database: Database, rows: int, seed: int, asked: float) -> None:
    print(f"\n{name}: {rows} recordings, seed {seed}")
    begun = time.perf_counter()
    database.migrate()
    fill(database, rows, seed)
    if name == "PostgreSQL":
        with database.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    print(f"  written in {time.perf_counter() - begun:.0f} s")
    search(database, random.Random(seed), asked)
    sample(database, seed % MOST_SEED, 2)
    database.engine.dispose()


def search(database: Database, chance: random.Random, asked: float) -> None:
    took, found = defaultdict(list), {}
    for _ in range(ROUNDS):
        for kind, make in SEARCHES.items():
            given = make(chance)
            begun = time.perf_counter()
            with database.read() as session:
                page = catalogue.find(session, conditions(given, ROME, lambda code: [code]))
            took[kind].append(1000 * (time.perf_counter() - begun))
            found[kind] = len(page.rows)
    print(f"  {'search':<34}{'found':>7}{'p50, ms':>9}{'p95, ms':>9}")
    for kind, times in took.items():
        print(f"  {kind:<34}{found[kind]:>7}{median(times):>9.1f}{quantiles(times, n=20)[-1]:>9.1f}")
    every = [one for times in took.values() for one in times]
    print(f"  {'all':<41}{median(every):>9.1f}{quantiles(every, n=20)[-1]:>9.1f}    asked: p95 {asked:g}")


def sample(database: Database, seed: int, asked: float) -> None:
    """Each on top of those before, whose recordings are left out."""
    print(f"  {'a sample of 400, by':<34}{'drawn':>7}{'strata':>7}{'s':>9}")
    for number, (by, equal) in enumerate(SAMPLES):
        name = f"sample-{number}"
        plan = Plan(name=name, size=400, by=list(by), equal=equal, seed=seed + number)
        begun = time.perf_counter()
        draw(database, plan, zone=ROME, key="", veiled=False, user="bench")
        took = time.perf_counter() - begun
        with database.read() as session:
            drawn = samples.show(session, name)
        kind = f"{', '.join(by) or 'nothing'}{' (equal)' if equal else ''}"
        print(f"  {kind:<34}{drawn['drawn']:>7}{len(drawn['strata']):>7}{took:>9.2f}    asked: {asked:g}")


def main(seed: int, rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        measure("SQLite", Database(f"sqlite:///{folder}/store.sqlite3"), rows, seed, 500)
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder, postgresql.server(Path(folder)) as address:
        engine = create_engine(address.format("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("CREATE DATABASE bench"))
        engine.dispose()
        measure("PostgreSQL", Database(address.format("bench")), rows, seed, 200)


main(
    int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 32),
    int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000,
)
