from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from ivr.store.database import Database
from recordings.ingest import ingest
from recordings.retention import gone_on, purge
from tests.recordings.conftest import ROME, add_call, folder_vault


def test_the_contracts_own_example() -> None:
    assert gone_on(date(2027, 1, 1)) == date(2027, 7, 1)


@given(st.dates(date(2026, 1, 1), date(2040, 1, 1)))
def test_kept_through_the_180th_day_after(day: date) -> None:
    assert gone_on(day) - timedelta(days=1) == day + timedelta(days=180)


def record(database: Database, folder: Path, call: str, started: datetime) -> Path:
    add_call(database, call, started)
    raw = folder / f"{call}-1.raw"
    raw.write_bytes(bytes(4 * 8000))
    assert ingest(database, folder_vault(folder), raw, ROME) == f"{call}-1"
    return next((folder / "kept").rglob(f"{call}-1.original"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ROME))


def test_purge_deletes_in_the_night_that_follows_and_only_once(database: Database, tmp_path: Path) -> None:
    # 23:30 UTC on 31 December is 1 January in Rome: the day is the caller's.
    wav = record(database, tmp_path, "new-year", datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    later = record(database, tmp_path, "later", at("2027-01-02T10:00"))
    kept = tmp_path / "kept"
    assert purge(database, kept, at("2027-06-30T23:59"), timezone=ROME) == []
    dry = purge(database, kept, at("2027-07-01T03:00"), timezone=ROME, dry_run=True)
    assert [one.call_id for one in dry] == ["new-year"] and wav.exists()
    assert [one.call_id for one in purge(database, kept, at("2027-07-01T03:00"), timezone=ROME)] == ["new-year"]
    assert not wav.exists() and later.exists()
    assert purge(database, kept, at("2027-07-01T03:00"), timezone=ROME) == []


def test_one_file_that_cannot_be_deleted_stops_nothing_else(database: Database, tmp_path: Path) -> None:
    stuck = record(database, tmp_path, "a", at("2027-01-01T10:00"))
    other = record(database, tmp_path, "b", at("2027-01-01T11:00"))
    stuck.unlink()
    stuck.mkdir()
    purged = purge(database, tmp_path / "kept", at("2027-08-01T03:00"), timezone=ROME)
    assert [bool(one.problem) for one in purged] == [True, False]
    assert not other.exists()
    stuck.rmdir()
    assert [one.problem for one in purge(database, tmp_path / "kept", at("2027-08-01T03:00"), timezone=ROME)] == [""]
