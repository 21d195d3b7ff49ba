"""A ticket's time, in opening hours."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ivr.flow.calendars import Calendar, open_spans, status
from ivr.tickets.clock import Terms

ROME = ZoneInfo("Europe/Rome")
CALENDAR = Calendar.model_validate(
    {
        "holidays": "IT",
        "weekly": {"mon-fri": "08:00-12:00, 14:00-20:00", "sat": "08:00-14:00"},
        "closed": [{"date": "2026-11-30", "from": "10:00"}],
        "open": [{"date": "2026-12-08", "hours": "09:00-10:00"}],
    }
)
TERMS = Terms({"A": 3600.0}, lambda day: open_spans(CALENDAR, day), ROME)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME)


def test_nights_sundays_holidays_and_exceptions_do_not_count() -> None:
    assert TERMS.due(at("2026-11-27T19:00"), 8 * 3600) == at("2026-11-30T09:00"), "an hour, a Saturday, an hour"
    assert TERMS.due(at("2026-11-30T09:00"), 2 * 3600) == at("2026-12-01T09:00"), "closed from ten on that day"
    assert TERMS.due(at("2026-12-07T19:30"), 3600) == at("2026-12-08T09:30"), "a holiday that is open for an hour"
    assert TERMS.due(at("2026-12-24T19:30"), 3600) == at("2026-12-28T08:30"), "Christmas, Saint Stephen's, a Sunday"
    assert Terms().due(at("2026-12-24T19:30"), 3600) == at("2026-12-24T20:30"), "without hours it never stands still"


def test_what_is_left_leads_to_when_it_is_due_and_back() -> None:
    chance = random.Random(7)
    for _ in range(500):
        now = datetime(2026, 10, 20, tzinfo=UTC) + timedelta(minutes=chance.randrange(80 * 24 * 60))
        left = float(chance.randrange(-400_000, 400_000))
        assert abs(TERMS.left(now, TERMS.due(now, left)) - left) < 1e-6, (now, left)


def test_the_spans_of_a_day_are_what_the_calendar_says() -> None:
    for number in range(60):
        day = date(2026, 10, 20) + timedelta(days=number)
        spans = open_spans(CALENDAR, day)
        for minute in range(0, 24 * 60, 15):
            now = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=ROME)
            assert any(begin <= now < end for begin, end in spans) == (status(CALENDAR, now) == "open"), now


def test_a_calendar_that_never_opens_does_not_hang() -> None:
    never = Terms({}, lambda day: [])
    assert never.due(at("2026-11-27T19:00"), 60) == at("2026-11-27T19:01")
