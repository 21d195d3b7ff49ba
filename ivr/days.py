"""Days as people have them: from midnight to midnight of a zone, 23 or 25 hours when the clocks change."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def bounds(first: date, zone: ZoneInfo, last: date | None = None) -> tuple[datetime, datetime]:
    """[midnight of the first day, midnight after the last) in UTC; one day when no last is given."""
    after = (last or first) + timedelta(days=1)
    begin, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, after))
    return begin, end


def midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """When the day of `now` (aware) began, in UTC."""
    return bounds(now.astimezone(zone).date(), zone)[0]


def written(text: str) -> date:
    """A day as people write it. Raises ValueError, which says how that is."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(f"'{text}' is no day; write it as 2027-01-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no {text}") from None
