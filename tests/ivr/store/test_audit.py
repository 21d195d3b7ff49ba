"""The audit log on both databases: one chain whoever writes, and nobody changes it by the ordinary way."""

import multiprocessing
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Date, bindparam, create_engine, delete, insert, select, text, update
from sqlalchemy.orm import Session

from ivr.store import audit, chained
from ivr.store.chain import Broken
from ivr.store.database import Database, StoreError
from ivr.store.schema import AuditEntry, ChainHead, Lease, PurgeEntry, UtcTime

WRITERS, EACH = 4, 25
# Spawned: a fork would share the parent's connections.
PROCESSES = multiprocessing.get_context("spawn")


def write_some(url: str, name: str) -> None:
    database = Database(url)
    for number in range(EACH):
        with database.transaction() as session:
            audit.write(session, name, "listen", str(number))
            # What the transaction locks besides: in the other order, two of them would wait for each other.
            session.execute(update(Lease).values(holder=name))
    database.engine.dispose()


def broken(database: Database, *noted: str) -> Broken | None:
    with database.snapshot() as session:
        return chained.verify(session, AuditEntry, noted)


def fill(database: Database, count: int) -> None:
    for number in range(count):
        with database.transaction() as session:
            audit.write(session, "rossi", "listen", f"recording {number}")


def as_administrator(database: Database, change: Callable[[Session], object]) -> None:
    """As somebody who may take the triggers away."""
    with database.transaction() as session:
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("DROP TRIGGER IF EXISTS audit_no_update"))
            session.execute(text("DROP TRIGGER IF EXISTS audit_no_delete"))
        else:
            session.execute(text("DROP TRIGGER IF EXISTS audit_only_added ON audit"))
        change(session)


def test_several_processes_make_one_chain(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    writers = [PROCESSES.Process(target=write_some, args=(url, f"writer-{number}")) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert broken(database) is None, "whole at any moment"
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    with database.read() as session:
        entries = audit.find(session, limit=1000)
    assert [entry.seq for entry in entries] == list(range(WRITERS * EACH, 0, -1))
    for number in range(WRITERS):
        own = [entry.subject for entry in reversed(entries) if entry.user == f"writer-{number}"]
        assert own == [str(one) for one in range(EACH)]
    assert broken(database) is None


def test_a_transaction_that_fails_leaves_no_entry(database: Database) -> None:
    fill(database, 1)
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        audit.write(session, "rossi", "listen", "never")
        _ = 1 / 0
    fill(database, 1)
    assert broken(database) is None
    with database.read() as session:
        assert [entry.seq for entry in audit.find(session)] == [2, 1]


def test_the_database_refuses_to_change_or_delete(database: Database) -> None:
    fill(database, 2)
    for change in (update(AuditEntry).values(user="nobody"), delete(AuditEntry).where(AuditEntry.seq == 2)):
        with pytest.raises(StoreError, match="only added to"), database.transaction() as session:
            session.execute(change)
    assert broken(database) is None


def test_what_an_administrator_does_shows(database: Database) -> None:
    fill(database, 5)
    with database.read() as session:
        noted = chained.head(session, AuditEntry)
    third = AuditEntry.seq == 3
    as_administrator(database, lambda s: s.execute(update(AuditEntry).where(third).values(user="nobody")))
    assert (found := broken(database)) and (found.seq, found.what) == (3, "altered")
    as_administrator(database, lambda s: s.execute(update(AuditEntry).where(third).values(user="rossi")))
    assert broken(database) is None
    last = delete(AuditEntry).where(AuditEntry.seq == 5)
    as_administrator(database, lambda s: s.execute(last))
    assert (found := broken(database)) and (found.seq, found.what) == (5, "cut-off")
    with database.read() as session:
        before = session.scalars(select(AuditEntry.hash).where(AuditEntry.seq == 4)).one()
    with database.transaction() as session:
        session.execute(update(ChainHead).where(ChainHead.name == "audit").values(seq=4, hash=before))
    assert broken(database) is None, "with its head set back nothing in the database shows it"
    assert (found := broken(database, noted.hash)) and found.what == "cut-off"


def test_what_was_written_past_the_program_shows(database: Database) -> None:
    fill(database, 2)
    with database.transaction() as session:
        row = {"seq": 3, "at": audit.find(session)[0].at, "user": "x", "action": "y", "subject": "", "detail": ""}
        session.execute(insert(AuditEntry), [row | {"hash": "f" * 64}])
    assert (found := broken(database)) and (found.seq, found.what) == (3, "altered")


@pytest.fixture(params=["sqlite", "postgresql"])
def old_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """With the tables of the version before the chains."""
    if request.param == "postgresql":
        address = request.getfixturevalue("postgresql_address")
        with create_engine(address.format("postgres"), isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("CREATE DATABASE before_chains"))
        one = Database(address.format("before_chains"))
    else:
        one = Database(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    one.migrate("0009")
    yield one
    one.engine.dispose()


def test_what_was_there_before_the_chains_is_in_them(old_database: Database) -> None:
    at, day = datetime(2026, 11, 1, 12, 0, 0, 5, tzinfo=UTC), date(2026, 1, 2)
    with old_database.transaction() as session:
        for number in (3, 4, 7):
            session.execute(
                text(
                    "INSERT INTO audit (id, at, \"user\", action, subject) VALUES (:id, :at, 'rossi', 'listen', 'x')"
                ).bindparams(bindparam("at", type_=UtcTime())),
                {"id": number, "at": at},
            )
        session.execute(
            text("INSERT INTO purge_ledger VALUES ('call-1', 'call', :day, :at, :at, 'abc')").bindparams(
                bindparam("at", type_=UtcTime()), bindparam("day", type_=Date())
            ),
            {"at": at, "day": day},
        )
    old_database.migrate()
    with old_database.snapshot() as session:
        assert [(one.seq, one.user, one.at) for one in audit.find(session)] == [(n, "rossi", at) for n in (3, 2, 1)]
        line = session.scalars(select(PurgeEntry)).one()
        assert (line.recording_id, line.day, line.purged_at, line.sha256) == ("call-1", day, at, "abc")
        assert chained.verify(session, AuditEntry) is None and chained.verify(session, PurgeEntry) is None
    fill(old_database, 1)
    assert broken(old_database) is None
