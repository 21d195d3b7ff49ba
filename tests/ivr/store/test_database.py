"""Migrations from nothing, by several at once, and by code that is too old; what "written" means at kill -9."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from ivr.store import calls, leases
from ivr.store.database import Database, StoreError
from ivr.store.schema import Base

ROOT = Path(__file__).parents[3]


def test_from_nothing_the_migrations_make_what_the_code_expects(database: Database) -> None:
    def ours(_: object, name: str | None, *__: object) -> bool:
        """Each store searches words in its own way: FTS5 in tables of its own, PostgreSQL by an index."""
        return database.engine.dialect.name != "sqlite" or not str(name).startswith(("ticket_words", "tickets_words"))

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        assert compare_metadata(context, Base.metadata) == []
    database.migrate()  # once more does nothing


def test_several_that_start_at_once_migrate_one_after_the_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    line = f"from ivr.store.database import Database; Database({url!r}).migrate()"
    starts = [subprocess.Popen([sys.executable, "-c", line], cwd=ROOT, stderr=subprocess.PIPE) for _ in "123"]
    for start in starts:
        assert start.communicate(timeout=60)[1] == b"" and start.returncode == 0
    with Database(url).read() as session:
        assert calls.recent(session) == []


def test_a_store_of_a_newer_version_is_left_alone(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"made by a newer Numero Nero .*use that version, or another --data"):
        database.migrate()


def test_who_stands_still_in_a_transaction_holds_the_lease_from_nobody(postgresql_url: str) -> None:
    """A controller whose machine is cut off: the server does not hear that its connection is over."""
    cut_off, other = Database(postgresql_url, 3.0), Database(postgresql_url, 3.0)
    with pytest.raises(StoreError) as lost, cut_off.transaction() as session:
        leases.get(session, lock=True)
        begun = time.monotonic()
        with other.transaction() as another:
            leases.hold(another, "other", "127.0.0.1:9", 2, 4.0)
        assert 1.0 < time.monotonic() - begun < 3.0
        leases.hold(session, "me", "127.0.0.1:8", 2, 4.0)
    assert cut_off.is_away(lost.value)
    with cut_off.transaction() as session:
        assert leases.get(session)[0].holder == "other"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"{tmp_path}/none/store.sqlite3: .*check the folder's rights"):
        Database(f"sqlite:///{tmp_path}/none/store.sqlite3").migrate()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite3").write_text("these are not the tables you are looking for" * 100)
    with pytest.raises(StoreError, match=r"store\.sqlite3: file is not a database"):
        Database(f"sqlite:///{tmp_path}/store.sqlite3").migrate()


def test_a_store_without_tables_is_told_with_what_to_do(tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path}/store.sqlite3")
    with pytest.raises(StoreError, match=r"no such table.*start with `ivr up`"), empty.read() as session:
        calls.recent(session)


WRITES = """
import asyncio, sys
from datetime import UTC, datetime
from ivr.store import calls
from ivr.store.database import Database
from ivr.store.writer import Writer

async def main():
    writer, now = Writer(Database(sys.argv[1])), datetime.now(UTC)

    async def one(worker):
        number = 0
        while True:
            name = f"{worker}-{number}"
            await writer.run(lambda s: calls.start(
                s, id=name, channel=name, controller="c", called="1", caller="", flow="f", started_at=now))
            print(name, flush=True)
            number += 1

    await asyncio.gather(*(one(worker) for worker in range(10)))

asyncio.run(main())
"""


def test_what_was_told_written_outlives_kill_9(database: Database) -> None:
    url = str(database.engine.url)
    writes = subprocess.Popen([sys.executable, "-c", WRITES, url], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert writes.stdout is not None
    told = [writes.stdout.readline().strip() for _ in range(300)]
    writes.kill()
    told += writes.stdout.read().split()
    writes.wait()
    with Database(url).read() as session:
        stored = {call.id for call in calls.recent(session, 1_000_000)}
    assert len(told) >= 300 and set(told) <= stored
    for worker in range(10):  # each in the order given, none left out
        numbers = sorted(int(name.split("-")[1]) for name in stored if name.split("-")[0] == str(worker))
        assert numbers == list(range(len(numbers)))
