"""The purge on both databases: what is over goes, whole and once; what is not, stays."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import create_engine, func, select, text, update

from ivr.store.database import Database, StoreError
from ivr.store.schema import CatalogueRow, Lease, PurgeEntry, PurgeRun, Recording, RecordingKey
from recordings import ledger
from recordings.stores.folder import Folder
from tests.recordings.house import House, at
from tests.recordings.spooled import spooled

NIGHT = "2027-07-01T03:00"


def keys(house: House) -> set[str]:
    """Recordings that have a key; a search finds the same ones."""
    with house.database.read() as session:
        found = set(session.scalars(select(CatalogueRow.recording_id)))
        assert found == set(session.scalars(select(RecordingKey.recording_id)))
    return found


def test_deleted_in_the_night_that_follows_and_only_once(house: House) -> None:
    # 23:30 UTC on 31 December is 1 January in Rome: the day is the caller's.
    first = house.record("new-year", datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    later = house.record("later", at("2027-01-02T10:00"))
    assert house.run("2027-06-30T23:59") == []
    assert [one.recording_id for one in house.purge(NIGHT).would()] == [first] and keys(house) == {first, later}
    assert [(one.recording_id, one.day, one.problem) for one in house.run(NIGHT)] == [(first, date(2027, 1, 1), "")]
    assert keys(house) == {later}
    assert house.files() == {"2027/01/02/later-1.anonymised", "2027/01/02/later-1.original"}
    assert house.run(NIGHT) == []
    assert house.found(NIGHT) == []


def test_each_deletion_has_a_line_in_both_ledgers_and_nothing_about_the_call(house: House) -> None:
    house.record("a", at("2027-01-01T10:00"))
    house.run(NIGHT)
    with house.database.read() as session:
        (line,) = session.scalars(select(PurgeEntry))
        run = session.scalars(select(PurgeRun)).one()
    (stored,) = ledger.read(house.store)
    assert stored == {name: getattr(line, name) for name in stored}
    assert set(stored) == {"seq", "recording_id", "day", "purged_at", "rule", "sha256", "hash"}
    assert line.rule == "180 days, as of 2027-07-01"
    assert (run.deleted, run.failed, run.held) == (1, 0, 0) and run.ended_at is not None


def test_more_than_one_batch(house: House) -> None:
    for number in range(450):
        house.record(f"c{number:03}", at("2027-01-01T10:00") - timedelta(days=number % 3))
    kept = house.record("kept", at("2027-01-02T10:00"))
    assert len(house.run(NIGHT)) == 450
    assert keys(house) == {kept} and len(house.files()) == 2 and house.found(NIGHT) == []
    with house.database.read() as session:
        assert session.scalar(select(func.count()).select_from(PurgeEntry)) == 450


def test_a_file_that_cannot_be_deleted_stops_nothing_else_and_is_tried_again(house: House) -> None:
    stuck = house.record("a", at("2027-01-01T10:00"))
    other = house.record("b", at("2027-01-01T11:00"))
    file = house.root / "kept/2027/01/01/a-1.original"
    file.unlink()
    file.mkdir()
    done = {one.recording_id: one.problem for one in house.run(NIGHT)}
    assert str(file) in done[stuck] and not done[other]
    assert keys(house) == set(), "nothing opens it any more, all the same"
    assert house.found(NIGHT) == [("not-erased", stuck)]
    assert [one.problem != "" for one in house.run("2027-07-02T03:00")] == [True]
    with house.database.read() as session:
        assert [(run.deleted, run.failed) for run in session.scalars(select(PurgeRun))] == [(1, 1), (0, 1)]
    file.rmdir()
    assert [(one.recording_id, one.problem) for one in house.run("2027-07-03T03:00")] == [(stuck, "")]
    assert house.found("2027-07-03T03:00") == []


def test_what_comes_back_with_a_backup_of_the_store_goes_again(house: House) -> None:
    house.record("a", at("2027-01-01T10:00"))
    name = "2027/01/01/a-1.original"
    before = house.store.read(name, 0, 100)
    house.run(NIGHT)
    house.store.put(name, [before])
    assert house.found(NIGHT) == [("file-without-row", name)]
    assert [one.recording_id for one in house.run(NIGHT)] == ["a-1"]
    assert house.found(NIGHT) == [] and len(list(ledger.read(house.store))) == 1, "it had its line"


def test_what_has_no_row_goes_when_its_day_is_over_and_has_its_line(house: House) -> None:
    lost, today = "2027/01/01/lost-1.original", "2027/01/02/lost-2.original"
    for name in (lost, today):
        house.store.put(name, [b"of a database that was lost"])
    house.run(NIGHT)
    assert house.files() == {today}
    assert [row["recording_id"] for row in ledger.read(house.store)] == ["lost-1"]
    assert house.found(NIGHT) == [("file-without-row", today)]


def test_raw_sound_that_was_never_ingested_goes_when_it_is_over(house: House) -> None:
    house.call("over", at("2027-01-01T10:00"))
    house.call("kept", at("2027-01-02T10:00"))
    for name in ("over-1", "kept-1"):
        spooled(house.spool, name, bytes(400), rate=16000)
    assert house.found(NIGHT) == [("number", "1 calls"), ("spool", "over-1")]
    assert [one.recording_id for one in house.run(NIGHT)] == ["over-1"]
    assert [path.name for path in house.spool.iterdir()] == ["kept-1"]
    assert house.found(NIGHT) == [] and [row["recording_id"] for row in ledger.read(house.store)] == ["over-1"]


def test_a_setting_keeps_them_for_longer(house: House) -> None:
    house.record("a", at("2027-01-01T10:00"))
    assert house.run("2027-07-01T03:00", keep_days=200) == []
    assert len(house.run("2027-07-21T03:00", keep_days=200)) == 1


def test_a_recording_that_is_gone_keeps_its_row(house: House) -> None:
    """So the call still says that there was one."""
    id = house.record("a", at("2027-01-01T10:00"))
    house.run(NIGHT)
    with house.database.read() as session:
        row = session.get_one(Recording, id)
        assert row.purged_at and row.erased_at and row.purged_at <= row.erased_at


class Slow(Folder):
    """While it writes, calls write into the database."""

    database: Database

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        with self.database.transaction() as session:
            session.execute(update(Lease).values(holder="a call goes on"))
        super().put(name, pieces)


def test_a_store_that_takes_its_time_stops_no_call(house: House) -> None:
    house.record("a", at("2027-01-01T10:00"))
    slow = Slow(house.root / "kept")
    slow.database = house.database
    assert len(list(replace(house.purge(NIGHT), store=slow).run("a test"))) == 1
    assert house.found(NIGHT) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # a file does not go away
def test_a_database_that_goes_away_in_the_midst(house: House) -> None:
    for number in range(450):
        house.record(f"c{number:03}", at("2027-01-01T10:00"))
    run = house.purge(NIGHT).run("a test")
    assert next(run).problem == ""
    name, server = house.database.url.database, house.database.url.set(database="postgres")
    with create_engine(server, isolation_level="AUTOCOMMIT").connect() as outside:
        outside.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        outside.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))  # noqa: S608
        with pytest.raises(StoreError):
            list(run)
        outside.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    house.run(NIGHT)
    assert house.files() == set() and house.found(NIGHT) == []
    assert len(list(ledger.read(house.store))) == 450
