"""The purge's own timer: once a night, by the controller that leads; after a night that was missed, at once."""

import logging
import time as clocks
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from ivr.store import leases
from ivr.store.database import Database
from ivr.store.schema import PurgeRun
from recordings.proof import findings
from recordings.purge import Purge
from recordings.retention import night

log = logging.getLogger(__name__)
BY = "nightly"
MOST = 100  # findings that are kept
AGAIN = 600.0  # seconds after a run that could not go on


def earliest(now: datetime, database: datetime, begun: datetime, elapsed: timedelta) -> datetime:
    """What time it surely is: the earliest of what our clock says, the database's, and ours when we began with the time
    that has passed since. A clock that is set forward deletes nothing before its day."""
    return min(now, database, begun + elapsed)


class Nightly:
    """`make`: a purge as of a moment. `at`: by the clock of `zone`."""

    def __init__(self, database: Database, make: Callable[[datetime], Purge], at: time, zone: ZoneInfo) -> None:
        self._database, self._make, self._at, self._zone = database, make, at, zone
        self._begun, self._start = datetime.now(UTC), _clock()
        self._again = 0.0
        self._closing = False

    def close(self) -> None:
        """A run that is going on ends after the batch that it is at; the next finishes it."""
        self._closing = True

    def look(self) -> bool:
        """Run, if no run has been whole since it was to begin; whether it ran. Raises what `Purge.run` raises: then it
        runs again after a while."""
        if _clock() < self._again:
            return False
        self._again = _clock() + AGAIN
        ran = self._run_if_due()
        self._again = 0.0
        return ran

    def _run_if_due(self) -> bool:
        with self._database.read() as session:
            elapsed = timedelta(seconds=_clock() - self._start)
            now = earliest(datetime.now(UTC), leases.now(session), self._begun, elapsed)
            begins = night(now, self._at, self._zone)
            whole = select(func.count()).where(PurgeRun.started_at >= begins, PurgeRun.ended_at.is_not(None))
            if session.scalar(whole.where(PurgeRun.as_of >= begins)):
                return False
        purge = self._make(now)
        failed = 0
        for one in purge.run(BY):
            failed += bool(one.problem)
            if self._closing:
                return False
        if failed:
            log.error("%d recordings whose time is over could not be deleted; the next run tries again", failed)
        found = [f"{one.kind} {one.subject}: {one.message}" for one in islice(findings(purge), MOST)]
        if found:
            log.error("after the purge something is not as it must be, as %s", found[0])
        with self._database.transaction() as session:
            newest = select(func.max(PurgeRun.id)).where(PurgeRun.by == BY).scalar_subquery()
            session.execute(update(PurgeRun).where(PurgeRun.id == newest).values(findings=found))
        return True


def _clock() -> float:
    """Seconds that nobody sets, and that go on while the machine sleeps."""
    return clocks.clock_gettime(clocks.CLOCK_BOOTTIME)
