"""When a recording's time is over: the contract's example, and for every day and moment there is."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from recordings.retention import days_kept, gone_on, last_over, night
from tests.recordings.house import ROME, at

MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
# Clocks change at 1:00 UTC on the last Sundays of March and October; midnight in Rome is 22:00 or 23:00 UTC.
TICKLISH = st.builds(
    lambda year, day, hour, second: datetime(year, *day, tzinfo=UTC) + timedelta(hours=hour, seconds=second),
    st.integers(2026, 2040),
    st.sampled_from([(2, 28), (3, 1), (3, 29), (3, 31), (6, 30), (10, 25), (10, 31), (12, 31), (1, 1)]),
    st.sampled_from([0, 1, 2, 21, 22, 23]),
    st.integers(-1, 1),
)


def test_the_contracts_own_example() -> None:
    assert gone_on(date(2027, 1, 1)) == date(2027, 7, 1)
    assert last_over(at("2027-06-30T23:59:59"), ROME) == date(2026, 12, 31)
    assert last_over(at("2027-07-01T00:00"), ROME) == date(2027, 1, 1)


@given(st.dates(date(2026, 1, 1), date(2040, 1, 1)))
def test_kept_through_the_180th_day_after(day: date) -> None:
    assert gone_on(day) - timedelta(days=1) == day + timedelta(days=180)
    assert days_kept(day, gone_on(day)) == 180


@given(MOMENTS | TICKLISH, MOMENTS | TICKLISH, st.integers(1, 400))
def test_over_only_when_as_many_whole_days_of_the_zone_have_passed(called: datetime, now: datetime, keep: int) -> None:
    """Counted by hand: midnights of Rome between the call and now."""
    day, today = called.astimezone(ROME).date(), now.astimezone(ROME).date()
    midnights, one = 0, day
    while one < today and midnights <= keep:
        one, midnights = one + timedelta(days=1), midnights + 1
    assert (day <= last_over(now, ROME, keep)) == (midnights > keep)


@given(TICKLISH)
def test_a_call_around_midnight_belongs_to_the_day_of_its_zone(moment: datetime) -> None:
    """Whatever zone the moment is told in."""
    elsewhere = moment.astimezone(ZoneInfo("Pacific/Auckland"))
    assert last_over(moment, ROME) == last_over(elsewhere, ROME)


@given(MOMENTS | TICKLISH, st.times().map(lambda one: one.replace(fold=0)))
def test_the_newest_night_has_begun_and_no_other_since(now: datetime, begins: time) -> None:
    newest = night(now, begins, ROME)
    assert newest <= now
    assert now - newest <= timedelta(hours=25), "a day of 25 hours is the longest"
    day = newest.astimezone(ROME).date()
    assert last_over(newest, ROME) >= day - timedelta(days=181), "its run deletes what is over on its own day"


def test_nights_when_the_clocks_change() -> None:
    # On 28 March 2027 there is no 2:30; on 31 October 2027 there are two.
    assert night(at("2027-03-28T12:00"), time(2, 30), ROME) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert night(at("2027-10-31T12:00"), time(2, 30), ROME) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert night(at("2027-07-01T02:29"), time(2, 30), ROME) == at("2027-06-30T02:30")
