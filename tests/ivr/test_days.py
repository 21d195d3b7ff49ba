from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ivr.days import bounds, midnight

ROME = ZoneInfo("Europe/Rome")


def test_days_of_23_and_25_hours_and_spans_of_several() -> None:
    assert bounds(date(2026, 3, 29), ROME) == (
        datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)
    )  # fmt: skip
    begin, end = bounds(date(2026, 10, 25), ROME)
    assert (end - begin).total_seconds() == 25 * 3600
    assert bounds(date(2026, 10, 24), ROME, date(2026, 10, 25))[1] == end


def test_the_day_began_at_the_zones_midnight() -> None:
    assert midnight(datetime(2026, 11, 24, 23, 30, tzinfo=UTC), ROME) == datetime(2026, 11, 24, 23, tzinfo=UTC)
    assert midnight(datetime(2026, 11, 24, 22, 30, tzinfo=UTC), ROME) == datetime(2026, 11, 23, 23, tzinfo=UTC)
