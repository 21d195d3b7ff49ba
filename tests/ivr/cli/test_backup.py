"""Backup and restore as an administrator does them, on both databases: what was there is there, what was purged since
stays gone."""

import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest
from sqlalchemy import create_engine, func, select, text

from ivr.cli.vault import open_vault
from ivr.settings import load
from ivr.store import audit, calls, chained, operators
from ivr.store.database import Database
from ivr.store.schema import AuditEntry, Base, Call, JourneyEntry, Recording
from recordings import holds
from recordings.reader import whole
from recordings.vault import Forgotten
from tests.ivr.cli.conftest import Ivr
from tests.recordings.house import House, at

NIGHT = "2027-07-01T03:00"
PROCESSES = multiprocessing.get_context("spawn")
STORE = "NUMERO_NERO_STORE__URL"


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """An installation of its own."""
    data = tmp_path / "data"
    (data / "spool").mkdir(parents=True)
    if request.param == "postgresql":
        monkeypatch.setenv(STORE, request.getfixturevalue("postgresql_url"))
    one = House(Database(load(data).database_url), data, "recordings")
    one.database.migrate()
    (data / "numero-nero.toml").write_text("[recordings]\nmin_free = 7\n")
    yield one
    one.database.engine.dispose()


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.snapshot() as session:
        return {
            table.name: sorted(map(tuple, session.execute(select(table))), key=str)
            for table in Base.metadata.sorted_tables
        }


def opened(house: House, id: str) -> bytes:
    """What the recording says, through the vault that the settings name. Raises Forgotten."""
    with house.database.read() as session:
        row = session.get_one(Recording, id)
        reader = open_vault(load(house.root)).open(session, id, row.day)
    return b"".join(whole(reader))


def test_all_that_is_stored_comes_back(ivr: Ivr, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house.record("a", at("2027-01-01T10:00"))
    with house.database.transaction() as session:
        operators.add(session, "4271", "Anna\tÈ\\N\n", ["it"], ["all"], datetime.now(UTC))
        audit.write(session, "rossi", "listen", "a-1", 'with "quotes", \\ and a line\nmore')
    before = everything(house.database)
    made = ivr("backup", tmp_path / "copy", "--secrets", tmp_path / "safe", "--data", house.root, "--json")
    assert made.status == 0 and made.err == ""
    assert sorted(path.stat().st_mode & 0o077 for path in (tmp_path / "copy").glob("*.sqlite3")) in ([], [0])
    other = tmp_path / "other"
    with empty(house.database, monkeypatch):
        done = ivr("restore", tmp_path / "copy", "--secrets", tmp_path / "safe", "--data", other, "--json")
        assert done.status == 0 and json.loads(done.out)["deletions_again"] == 0, done.err
        database = Database(load(other).database_url)
        after = everything(database)
        restored = after["audit"].pop()
        assert "restore" in restored and len(after["audit"]) == len(before["audit"])
        for mine in (before, after):
            mine.pop("chain_heads")
        assert after == before
        assert load(other).recordings.min_free == 7, "its settings"
        with database.snapshot() as session:
            heads = json.loads(made.out)["heads"]
            assert chained.verify(session, AuditEntry, [heads["audit"]]) is None
        copytree(house.root / "recordings", other / "recordings", dirs_exist_ok=True)
        assert opened(House(database, other, "recordings"), "a-1") == b"sealed a 1"
        holds.add(  # what the database numbers by itself goes on
            database, house.store, holds.Target("a"), reason="x", until=date(2030, 1, 1), by="y", today=date(2027, 1, 1)
        )
        database.engine.dispose()


@contextmanager
def empty(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another installation has a database of its own on the same server."""
    if database.engine.dialect.name == "sqlite":
        yield
        return
    name = f"{database.url.database}_other"
    server = create_engine(database.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        with monkeypatch.context() as changed:
            changed.setenv(STORE, database.url.set(database=name).render_as_string(hide_password=False))
            yield
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def test_what_was_purged_since_is_not_to_be_had(ivr: Ivr, house: House, tmp_path: Path) -> None:
    gone = house.record("a", at("2027-01-01T10:00"))
    kept = house.record("b", at("2027-01-02T10:00"))
    held = house.record("c", at("2027-01-01T10:00"))
    assert opened(house, gone) == b"sealed a 1"
    files = tmp_path / "files"
    copytree(house.root / "recordings", files)  # of the store, too, there is an old copy
    assert ivr("backup", tmp_path / "copy", "--data", house.root).status == 0
    hold = ("--reason", "complaint", "--until", date.today() + timedelta(days=900))
    assert ivr("holds", "add", held, *hold, "--data", house.root).status == 0
    assert ivr("purge", "--at", NIGHT, "--data", house.root).status == 0
    with pytest.raises(Forgotten):
        opened(house, gone)

    house.database.engine.dispose()
    done = ivr("restore", tmp_path / "copy", "--force", "--data", house.root, "--json")
    assert done.status == 0 and json.loads(done.out)["deletions_again"] == 1, done.err
    copytree(files, house.root / "recordings", dirs_exist_ok=True)
    with pytest.raises(Forgotten):
        opened(house, gone)
    assert opened(house, kept) == b"sealed b 1" and opened(house, held) == b"sealed c 1"
    # The hold came after the backup: it is made anew, as docs/recordings.md says.
    assert ivr("holds", "add", held, *hold, "--data", house.root).status == 0
    assert ivr("purge", "--at", NIGHT, "--data", house.root).status == 0
    verified = ivr("purge", "verify", "--at", NIGHT, "--data", house.root)
    assert verified.status == 0, verified.out
    assert not (house.root / f"recordings/2027/01/01/{gone}.original").exists(), "the old file went as well"


def make_calls(url: str, name: str, count: int) -> None:
    """Calls with two lines of journey each, one transaction a call."""
    database = Database(url)
    for number in range(count):
        with database.transaction() as session:
            id, now = f"{name}-{number:04}", datetime.now(UTC)
            calls.start(session, id=id, channel=id, controller="c", called="1", caller="", flow="f", started_at=now)
            line = {"call_id": id, "at": now, "kind": "k", "node": "", "detail": {}}
            calls.add_journey(session, [line | {"seq": seq} for seq in (1, 2)])
            audit.write(session, name, "call", id)
    database.engine.dispose()


def calls_there(house: House) -> int:
    with house.database.read() as session:
        return session.scalar(select(func.count()).select_from(Call)) or 0


def test_a_backup_is_of_one_moment_while_calls_go_on(ivr: Ivr, house: House, tmp_path: Path) -> None:
    url = house.database.url.render_as_string(hide_password=False)
    writers = [PROCESSES.Process(target=make_calls, args=(url, f"w{number}", 400)) for number in range(2)]
    for writer in writers:
        writer.start()
    while not calls_there(house):  # they take a while to begin
        time.sleep(0.05)
    made = []
    while any(writer.is_alive() for writer in writers):
        made.append(tmp_path / f"copy-{len(made)}")
        assert ivr("backup", made[-1], "--data", house.root).status == 0
    assert [writer.exitcode for writer in writers] == [0, 0]
    house.database.engine.dispose()
    counts = []
    for copy in (made[len(made) // 2], made[-1]):
        assert ivr("restore", copy, "--force", "--data", house.root).status == 0
        with house.database.snapshot() as session:
            count = session.scalar(select(func.count()).select_from(Call)) or 0
            assert session.scalar(select(func.count()).select_from(JourneyEntry)) == 2 * count
            assert len(audit.find(session, action="call", limit=10_000)) == count
            assert chained.verify(session, AuditEntry) is None
        house.database.engine.dispose()
        counts.append(count)
    assert 0 < counts[0] <= counts[1] <= 800


def test_what_cannot_be_backed_up_or_restored_is_told(ivr: Ivr, house: House, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    assert ivr("backup", copy, "--data", house.root).status == 0
    again = ivr("backup", copy, "--data", house.root)
    assert again.status == 1 and "not an empty folder" in again.err
    full = ivr("restore", copy, "--data", house.root)
    assert full.status == 1 and "has something stored in it already" in full.err and "--force" in full.err
    none = ivr("restore", tmp_path / "none", "--data", house.root)
    assert none.status == 1 and "is no backup" in none.err
    victim = next(path for path in copy.iterdir() if path.suffix in (".sqlite3", ".copy") and path.stat().st_size)
    victim.write_bytes(victim.read_bytes()[:-1])
    damaged = ivr("restore", copy, "--force", "--data", house.root)
    assert damaged.status == 1 and str(victim) in damaged.err
    with house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Call)) == 0, "nothing was touched"


def test_a_running_house_is_not_restored_into(ivr: Ivr, house: House, tmp_path: Path) -> None:
    from ivr.store import controllers

    copy = tmp_path / "copy"
    assert ivr("backup", copy, "--data", house.root).status == 0
    with house.database.transaction() as session:
        now = datetime.now(UTC)
        controllers.heartbeat(
            session, "controller-1", pid=1, started_at=now, now=now + timedelta(seconds=60), calls=0, address=""
        )
    house.database.engine.dispose()
    refused = ivr("restore", copy, "--force", "--data", house.root)
    assert refused.status == 1 and "controller-1" in refused.err and "stop them first" in refused.err
