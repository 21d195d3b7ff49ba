"""The purge's own timer: once a night, at once after a missed one, and never before its day."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from ivr.store.schema import PurgeRun
from recordings.nightly import Nightly, earliest
from recordings.retention import gone_on
from recordings.stores import StorageError
from tests.recordings.house import ROME, House

TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


def nightly(house: House, at: time = time(2, 30)) -> Nightly:
    return Nightly(house.database, house.purge, at, ROME)


def runs(house: House) -> int:
    with house.database.read() as session:
        return session.scalar(select(func.count()).select_from(PurgeRun)) or 0


def back(house: House, **ago: float) -> None:
    """All runs were so long ago."""
    with house.database.transaction() as session:
        for run in session.scalars(select(PurgeRun)):
            run.started_at, run.as_of = run.started_at - timedelta(**ago), run.as_of - timedelta(**ago)


def test_it_runs_at_once_when_a_night_was_missed_and_then_once_a_night(house: House) -> None:
    today = datetime.now(ROME)
    over = house.record("over", today - timedelta(days=182))
    house.record("kept", today - timedelta(days=179))
    one = nightly(house)
    assert one.look() and not one.look() and runs(house) == 1
    assert house.found(datetime.now(UTC)) == [] and not any(over in name for name in house.files())
    assert len(house.files()) == 2
    assert not nightly(house).look(), "nor does another controller that leads from now on"
    back(house, hours=25)
    assert one.look() and runs(house) == 2


def test_a_run_that_was_cut_off_is_no_run(house: House) -> None:
    house.record("over", datetime.now(ROME) - timedelta(days=182))
    broken = house.root / "kept/ledger"
    broken.write_text("no folder")
    one = nightly(house)
    with pytest.raises(StorageError):
        one.look()
    assert not one.look() and runs(house) == 1, "not at each look"
    assert sum("over-1" in name for name in house.files()) == 2, "without its line nothing is deleted"
    broken.unlink()
    assert nightly(house).look() and not house.files()


def test_a_controller_that_ends_does_not_wait_for_its_run(house: House) -> None:
    for number in range(3):
        house.record(f"over{number}", datetime.now(ROME) - timedelta(days=182))
    one = nightly(house)
    one.close()
    assert not one.look()
    assert nightly(house).look(), "another does it"
    assert not house.files() and house.found(datetime.now(UTC)) == []


def test_a_command_as_of_a_day_to_come_replaces_no_night(house: House) -> None:
    nightly(house).look()
    back(house, hours=25)
    house.run(datetime.now(UTC) + timedelta(days=300))
    assert not nightly(house).look(), "it has run since the night began, as of later than that"
    back(house, hours=25)
    assert nightly(house).look()


@given(TIMES, TIMES, TIMES, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_clock_that_is_set_forward_deletes_nothing_early(
    begun: datetime, ours: datetime, database: datetime, elapsed: timedelta
) -> None:
    """As long as one of the three is right, nothing goes before its day."""
    true = begun + elapsed
    assert earliest(ours, database, begun, elapsed) <= true
    day = true.astimezone(ROME).date()
    asof = earliest(ours, database, begun, elapsed).astimezone(ROME).date()
    assert asof < gone_on(day), "what was recorded today is kept"
