"""How retention stands: what the next nights will delete, what is held, how the last runs went, what is late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from ivr.store.schema import Hold, PurgeRun, Recording
from recordings import holds
from recordings.retention import held, last_over, night, over

NIGHTS, RUNS = 7, 14


@dataclass(frozen=True)
class Night:
    """In the night to `night` go the recordings of calls of `day`: how many there are of it, and how many are held."""

    night: date
    day: date
    recordings: int
    held: int


@dataclass(frozen=True)
class Outlook:
    nights: Sequence[Night]
    holds: Sequence[Hold]
    runs: Sequence[PurgeRun]
    overdue: int


def outlook(session: Session, now: datetime, begins: time, zone: ZoneInfo, keep_days: int) -> Outlook:
    """`begins`: the nightly run, by the clock of `zone`."""
    today = now.astimezone(zone).date()
    runs = session.scalars(select(PurgeRun).order_by(PurgeRun.id.desc()).limit(RUNS)).all()
    newest = night(now, begins, zone)
    return Outlook(
        _nights(session, newest, zone, keep_days),
        holds.find(session, today),
        runs,
        overdue(session, newest, zone, keep_days),
    )


def overdue(session: Session, newest: datetime, zone: ZoneInfo, keep_days: int) -> int:
    """Recordings that the newest night should have deleted and that are not wholly gone."""
    late = over(last_over(newest, zone, keep_days)) & ~held(newest.astimezone(zone).date())
    unerased = Recording.purged_at.is_not(None) & Recording.erased_at.is_(None)
    return sum(session.scalar(select(func.count()).where(which)) or 0 for which in (late, unerased))


def last_run(session: Session) -> PurgeRun | None:
    """The newest that was whole."""
    return session.scalars(
        select(PurgeRun).where(PurgeRun.ended_at.is_not(None)).order_by(PurgeRun.id.desc()).limit(1)
    ).first()


def _nights(session: Session, newest: datetime, zone: ZoneInfo, keep_days: int) -> list[Night]:
    last = newest.astimezone(zone).date()
    dates = [last + timedelta(days=days) for days in range(1, NIGHTS + 1)]
    days = {one: one - timedelta(days=keep_days + 1) for one in dates}
    counts = {
        day: (count, kept)
        for day, count, kept in session.execute(
            select(Recording.day, func.count(), func.count(case((held(last), 1))))
            .where(Recording.purged_at.is_(None), Recording.day.in_(days.values()))
            .group_by(Recording.day)
        )
    }
    return [Night(one, day, *counts.get(day, (0, 0))) for one, day in days.items()]
