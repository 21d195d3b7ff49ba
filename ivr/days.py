"""Days as people have them: from midnight to midnight of a zone, 23 or 25 hours when the clocks change."""

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
