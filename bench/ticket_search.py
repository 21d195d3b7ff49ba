"""Listing and searching the embedded tickets: two years of PagoPA's. A search is what `GET /api/tickets` does, the
first page of 50 (and one in the midst), with values that chance gives; all kinds in turn. PostgreSQL with its settings
as they come (but without fsync, which a search does not need), after its VACUUM; then SQLite.

python -m bench.ticket_search [ROWS] [SEED] [postgresql|sqlite]
"""

import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, text

from ivr.store.database import Database
from ivr.store.numbers import pseudonym
from ivr.store.schema import Base, Ticket
from ivr.store.words import words
from ivr.tickets import search
from ivr.tickets.outcome import Policy
from tests.postgresql import server

ROWS, SEED, ROUNDS, ASKED = 2_500_000, 1, 40, 200.0
AT_ONCE = 5000
ROME, END = ZoneInfo("Europe/Rome"), datetime(2028, 11, 30, tzinfo=UTC)
TYPES = ("Q",) * 14 + ("PQ",) * 2 + ("A", "I", "PA", "PI")
QUEUES, USERS = ("payments", "app", "privacy", "accounts", "tributi"), [f"user{n:03}" for n in range(200)]
STEMS = ("pagament", "avvis", "rimbors", "access", "ricevut", "notific", "bollett", "iban", "tessera", "credenzial")
ENDS = ("o", "i", "e", "a")
VOCABULARY = [f"parola{n}" for n in range(40_000)]  # as often as words are: a few often, most of them seldom
Given = dict[str, list[str]]


def tickets(rows: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    weights = [1 / (n + 10) for n in range(len(VOCABULARY))]
    seldom = chance.choices(VOCABULARY, weights, k=1_000_003)
    for n in range(rows):
        at = END - timedelta(days=730) * (1 - n / rows)
        subject = " ".join([chance.choice(STEMS) + chance.choice(ENDS), *(chance.choice(seldom) for _ in range(5))])
        note = " ".join(chance.choice(seldom) for _ in range(12))
        old = n < rows * 0.98
        state = "closed" if old else chance.choice(("new", "open", "waiting", "resolved"))
        yield {
            "call_id": f"{n:012}", "type": chance.choice(TYPES), "subject": subject, "fields": {"note": note},
            "created_at": at, "updated_at": at, "queue": chance.choice(QUEUES), "language": "it",
            "priority": "normal", "caller": pseudonym(str(chance.randrange(rows // 3)), "k"), "state": state,
            "assignee": chance.choice(USERS), "specialist": False,
            "due_at": at + timedelta(days=3) if state in ("new", "open") else None, "time_left": None, "drafted": {},
            "words": words(subject, note),
        }  # fmt: skip


def fill(database: Database, rows: int, seed: int) -> None:
    """The indexes are made when the rows are there, which takes a fraction of the time."""
    batch: list[dict[str, Any]] = []
    table = Base.metadata.tables["tickets"]
    indexes = [
        one for one in table.indexes if database.engine.dialect.name == "postgresql" or one.name != "tickets_words"
    ]
    with database.engine.begin() as connection:
        for one in indexes:
            one.drop(connection)

    def write() -> None:
        with database.engine.begin() as connection:
            connection.execute(insert(table), batch)
        batch.clear()

    for row in tickets(rows, random.Random(seed)):
        batch.append(row)
        if len(batch) == AT_ONCE:
            write()
    if batch:
        write()
    with database.engine.begin() as connection:
        for one in indexes:
            one.create(connection)


def searches(rows: int, chance: random.Random) -> dict[str, Callable[[], Given]]:
    def day() -> str:
        return f"{END - timedelta(days=chance.randrange(1, 730)):%Y-%m-%d}"

    def rank(first: int, last: int) -> str:
        return VOCABULARY[chance.randrange(first, last)]

    def month() -> Given:
        begin = datetime.fromisoformat(day())
        return {"from": [f"{begin:%Y-%m-%d}"], "to": [f"{begin + timedelta(days=30):%Y-%m-%d}"]}

    return {
        "the newest": lambda: {},
        "by state: waiting": lambda: {"state": ["waiting"]},
        "by state and type": lambda: {"state": ["new", "open"], "type": [chance.choice(TYPES)]},
        "by type": lambda: {"type": [chance.choice(TYPES)]},
        "by queue": lambda: {"queue": [chance.choice(QUEUES)]},
        "by assignee": lambda: {"assignee": [chance.choice(USERS)]},
        "by assignee, those not closed": lambda: {"assignee": [chance.choice(USERS)], "state": ["new", "open"]},
        "by caller": lambda: {"caller": [pseudonym(str(chance.randrange(rows // 3)), "k")]},
        "by number": lambda: {"number": [str(chance.randrange(1, rows))]},
        "by a month": month,
        "by a month, type and queue": lambda: month() | {"type": ["PI"], "queue": [chance.choice(QUEUES)]},
        "the most urgent": lambda: {"order": ["due"]},
        "the most urgent of a queue": lambda: {"order": ["due"], "queue": [chance.choice(QUEUES)]},
        "late": lambda: {"late": ["yes"]},
        "a word that is common": lambda: {"words": [rank(0, 20)]},
        "a word that is usual": lambda: {"words": [rank(100, 1000)]},
        "a word that is seldom": lambda: {"words": [rank(5000, 40_000)]},
        "a word that nobody wrote": lambda: {"words": ["inesistente"]},
        "two common words": lambda: {"words": [f"{rank(0, 20)} {rank(0, 50)}"]},
        "the beginning of words": lambda: {"words": [f"{chance.choice(STEMS)}*"]},
        "a beginning and a usual word": lambda: {"words": [f"{chance.choice(STEMS)}* {rank(100, 1000)}"]},
        "a usual word, in a month": lambda: {"words": [rank(100, 1000)]} | month(),
        "a common word, in a month": lambda: {"words": [rank(0, 20)]} | month(),
        "a usual word, not closed": lambda: {"words": [rank(100, 1000)], "state": ["new", "open"]},
        "a common word, of an assignee": lambda: {"words": [rank(0, 20)], "assignee": [chance.choice(USERS)]},
    }


def measure(database: Database, rows: int, seed: int, rounds: int) -> None:
    took, found = defaultdict(list), {}
    kinds = searches(rows, random.Random(seed + 1))
    for _ in range(rounds):
        for kind, make in kinds.items():
            given, begun = make(), time.perf_counter()
            with database.read() as session:
                page = search.find(session, given, policy=Policy(key="k"), zone=ROME, now=END)
            took[kind].append(1000 * (time.perf_counter() - begun))
            found[kind] = len(page.rows)
    after = [page_in_the_midst(database, random.Random(seed + n)) for n in range(rounds)]
    took["a page in the midst of all"], found["a page in the midst of all"] = after, 50
    print(f"  {'search':<34}{'found':>7}{'p50, ms':>9}{'p95, ms':>9}")
    for kind, times in took.items():
        print(f"  {kind:<34}{found[kind]:>7}{median(times):>9.1f}{quantiles(times, n=20)[-1]:>9.1f}")
    every = [one for times in took.values() for one in times]
    print(f"  {'all':<41}{median(every):>9.1f}{quantiles(every, n=20)[-1]:>9.1f}    asked: p95 {ASKED:g}", flush=True)


def page_in_the_midst(database: Database, chance: random.Random) -> float:
    place = search._token(Ticket(number=1, created_at=END - timedelta(days=chance.random() * 730)), False)
    begun = time.perf_counter()
    with database.read() as session:
        search.find(session, {}, policy=Policy(), zone=ROME, now=END, after=place)
    return 1000 * (time.perf_counter() - begun)


def bench(name: str, database: Database, rows: int, seed: int) -> None:
    print(f"\n{name}: {rows} tickets, seed {seed}", flush=True)
    begun = time.perf_counter()
    database.migrate()
    fill(database, rows, seed)
    if name == "PostgreSQL":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE tickets"))
    print(f"  written in {time.perf_counter() - begun:.0f} s", flush=True)
    measure(database, rows, seed, ROUNDS if name == "PostgreSQL" else 5)
    database.engine.dispose()


def main() -> None:
    rows, seed = int((sys.argv[1:2] or [str(ROWS)])[0]), int((sys.argv[2:3] or [str(SEED)])[0])
    only = (sys.argv[3:4] or [""])[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if only != "sqlite":
            folder.chmod(0o755)
            with server(folder) as address:
                bench("PostgreSQL", Database(address.format("postgres")), rows, seed)
        if only != "postgresql":
            bench("SQLite", Database(f"sqlite:///{folder / 'store.sqlite3'}"), rows, seed)


if __name__ == "__main__":
    main()
