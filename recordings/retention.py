"""Retention: what may still be there, and what is over.

A recording is kept through the 180th calendar day after the day of its call, then deleted in the night that follows
(contract §3.3.3: a call of 1 January 2027 is there on 30 June 2027, and gone on 1 July). Days are calendar days of the
contract's zone, so neither a leap year nor a change of the clocks makes one longer or shorter.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, or_, select

from ivr.store.schema import Call, Hold, Recording


def gone_on(day: date, keep_days: int = 180) -> date:
    """The first day on which the recording of a call of `day` must no longer be there."""
    return day + timedelta(days=keep_days + 1)


def days_kept(day: date, gone: date) -> int:
    """How many whole days after the day of its call a recording was there that was deleted on `gone`."""
    return (gone - day).days - 1


def last_over(at: datetime, zone: ZoneInfo, keep_days: int = 180) -> date:
    """The last day whose calls are over at a moment (aware)."""
    return at.astimezone(zone).date() - timedelta(days=keep_days + 1)


def night(now: datetime, at: time, zone: ZoneInfo) -> datetime:
    """When the newest nightly run was to begin, `now` included. A time that the clocks jump over counts as if they had
    not jumped yet; of one that comes twice, the first counts."""
    today = now.astimezone(zone).date()
    begins = datetime.combine(today, at, zone).astimezone(UTC)
    if begins <= now:
        return begins
    return datetime.combine(today - timedelta(days=1), at, zone).astimezone(UTC)


def over(last: date) -> ColumnElement[bool]:
    """Recordings of that day or before that were not deleted yet, held or not."""
    return and_(Recording.purged_at.is_(None), Recording.day <= last)


def held(today: date) -> ColumnElement[bool]:
    """Recordings that somebody holds on that day."""
    whole = or_(Hold.recording_id == "", Hold.recording_id == Recording.id)
    return exists(select(Hold.id).where(holds(today), Hold.call_id == Recording.call_id, whole))


def call_held(today: date) -> ColumnElement[bool]:
    """Calls of which something is held on that day."""
    return exists(select(Hold.id).where(holds(today), Hold.call_id == Call.id))


def holds(today: date) -> ColumnElement[bool]:
    """Holds that hold on that day."""
    return and_(Hold.lifted_at.is_(None), Hold.until >= today)
