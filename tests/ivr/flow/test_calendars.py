from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from ivr.flow.calendars import Calendar, status

ROME = ZoneInfo("Europe/Rome")
LINE = Calendar.model_validate(
    {
        "holidays": "IT",
        "weekly": {"mon-fri": "08:00-20:00", "sat": "08:00-14:00"},
        "closed": [{"date": "2026-12-24", "from": "14:00"}],
        "open": [{"date": "2026-12-08", "hours": "09:00-12:00"}],
    }
)


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("2026-11-24T07:59:59", "closed"),
        ("2026-11-24T08:00", "open"),
        ("2026-11-24T19:59:59", "open"),
        ("2026-11-24T20:00", "closed"),
        ("2026-11-28T13:59", "open"),  # Saturday
        ("2026-11-28T14:00", "closed"),
        ("2026-11-29T10:00", "closed"),  # Sunday
        ("2027-01-01T10:00", "holiday"),
        ("2027-03-29T10:00", "holiday"),  # Easter Monday
        ("2027-10-04T10:00", "holiday"),  # Saint Francis, national from 2026
        ("2026-12-07T10:00", "open"),  # Saint Ambrose, Milan's patron, is worked
        ("2026-12-24T13:59", "open"),
        ("2026-12-24T14:00", "closed"),
        ("2026-12-08T10:00", "open"),  # a holiday opened by exception
        ("2026-12-08T12:00", "closed"),
        ("2026-10-26T08:00", "open"),  # the first working day of winter time
    ],
)
def test_opening_hours(when: str, wanted: str) -> None:
    assert status(LINE, datetime.fromisoformat(when).replace(tzinfo=ROME)) == wanted


@pytest.mark.parametrize(
    "wrong",
    [
        {"weekly": {"mon-fry": "08:00-20:00"}},
        {"weekly": {"mon": "20:00-08:00"}},
        {"weekly": {"mon": "8 to 20"}},
        {"weekly": {}, "timezone": "Europe/Roma"},
        {"weekly": {}, "holidays": "Italy"},
    ],
)
def test_mistakes_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Calendar.model_validate(wrong)
