"""The purge: deletes what is over, batch by batch, in an order in which a crash is harmless at any point.

The ledger in the store, then one transaction (the keys and all rows, the ledger in the database), then the files. What
was begun is finished by the next run: the ledger by `ledger.settle`, files by `erased_at`, which is empty until they
are gone.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from ivr.store import chained
from ivr.store.database import Database
from ivr.store.schema import AuditEntry, PurgeEntry, PurgeRun, Recording
from recordings import belongings, callers, ledger, leftovers, spool
from recordings.retention import held, last_over, over
from recordings.stores import StorageError, Store

log = logging.getLogger(__name__)
BATCH = 200
_WHAT = (Recording.id, Recording.day, Recording.file, Recording.sha256, Recording.copies)
_Row = tuple[str, date, str, str, int]  # these


@dataclass(frozen=True)
class Purged:
    """One recording that was (or, in a dry run, would be) deleted; `problem` when something of it could not be."""

    recording_id: str
    day: date
    problem: str = ""


@dataclass(frozen=True)
class Rules:
    """Days after the day of the call, in `zone`. `key`: what callers' pseudonyms are made with."""

    zone: ZoneInfo
    keep_days: int = 180
    pseudonyms_after: int = 180
    key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Purge:
    """A run as of a moment (aware), which stays the same however long the run takes and whoever sets the clock."""

    database: Database
    store: Store
    spool: Path
    rules: Rules
    at: datetime

    @property
    def today(self) -> date:
        return self.at.astimezone(self.rules.zone).date()

    @property
    def last(self) -> date:
        """The last day whose recordings are over."""
        return last_over(self.at, self.rules.zone, self.rules.keep_days)

    @property
    def last_named(self) -> date:
        """The last day whose callers' numbers are over."""
        return last_over(self.at, self.rules.zone, self.rules.pseudonyms_after)

    def would(self) -> Iterator[Purged]:
        """What `run` would delete."""
        with self.database.snapshot() as session:
            chosen = select(Recording.id, Recording.day).where(over(self.last), ~held(self.today))
            chosen = chosen.order_by(Recording.day, Recording.id).execution_options(yield_per=BATCH)
            for id, day in session.execute(chosen):
                yield Purged(id, day)

    def run(self, by: str) -> Iterator[Purged]:
        """Deletes while it is gone through, and writes down how it went when that is over. Raises StoreError,
        StorageError, LedgerProblem when it cannot go on; the next run does."""
        started, deleted, failed = datetime.now(UTC), 0, 0
        with self.database.transaction() as session:
            row = PurgeRun(by=by, as_of=self.at, started_at=started, ended_at=None)
            session.add(row)
        ledger.settle(self.database, self.store)
        for one in self._recordings():
            deleted, failed = deleted + (not one.problem), failed + bool(one.problem)
            yield one
        replaced = callers.replace(self.database, self.rules.key, self.last_named, self.rules.zone, self.today)
        if not self.database.scrub():
            log.warning("what was deleted still lies in the database's log, for somebody reads from it; it goes later")
        with self.database.transaction() as session:
            row.held = session.scalar(select(func.count()).where(over(self.last), held(self.today))) or 0
            row.ended_at, row.deleted, row.failed, row.pseudonyms = datetime.now(UTC), deleted, failed, replaced
            session.merge(row)
            heads = {table.__tablename__: chained.head(session, table) for table in (AuditEntry, PurgeEntry)}
        log.info("the purge is over: %d recordings deleted, %d failed, %d on hold", deleted, failed, row.held)
        for name, head in heads.items():  # so that a cut end or a new chain shows against the log
            log.info("head of %s: entry %d, %s", name, head.seq, head.hash)

    def _recordings(self) -> Iterator[Purged]:
        yield from self._erase_rest()
        while batch := self._delete_batch():
            yield from self._erase(batch)
        for id, day, problem in leftovers.sweep(self.database, self.store, self.last, self._rule):
            yield Purged(id, day, problem)
        zone = self.rules.zone
        for id, day, problem in leftovers.sweep_spool(
            self.database, self.store, self.spool, self.last, self.today, zone, self._rule
        ):
            yield Purged(id, day, problem)

    @property
    def _rule(self) -> str:
        return f"{self.rules.keep_days} days, as of {self.today}"

    def _delete_batch(self) -> Sequence[_Row]:
        """Recordings that are deleted from now on."""
        chosen = select(*_WHAT).where(over(self.last), ~held(self.today)).order_by(Recording.day, Recording.id)
        with ledger.alone(self.database, self.store):
            with self.database.read() as session:
                batch = session.execute(chosen.limit(BATCH)).all()
            if batch:
                common = {"purged_at": datetime.now(UTC), "rule": self._rule}
                lines = [
                    {"recording_id": id, "day": day, "sha256": sha256, **common} for id, day, _, sha256, _ in batch
                ]
                ledger.note(self.database, self.store, lines)
        return batch

    def _erase_rest(self) -> Iterator[Purged]:
        """Files of what former runs have deleted."""
        last = ""
        rest = select(*_WHAT).where(Recording.purged_at.is_not(None), Recording.erased_at.is_(None))
        while True:
            with self.database.read() as session:
                chosen = rest.where(Recording.id > last).order_by(Recording.id).limit(BATCH)
                batch = session.execute(chosen).all()
            if not batch:
                return
            yield from self._erase(batch)
            last = batch[-1][0]

    def _erase(self, batch: Sequence[_Row]) -> Iterator[Purged]:
        done = [
            Purged(id, day, self._erase_one(id, belongings.names(id, day, file, copies)))
            for id, day, file, _, copies in batch
        ]
        gone = [one.recording_id for one in done if not one.problem]
        with self.database.transaction() as session:
            session.execute(update(Recording).where(Recording.id.in_(gone)).values(erased_at=datetime.now(UTC)))
        yield from done

    def _erase_one(self, id: str, names: Iterator[str]) -> str:
        """The problem, or ""."""
        try:
            for name in names:
                self.store.delete(name)
            if (self.spool / id).exists():
                spool.drop(self.spool / id)
        except StorageError as error:
            problem = str(error)
        except OSError as error:
            problem = f"{error.filename}: {error.strerror}"
        else:
            return ""
        log.error("something of a recording could not be deleted: %s", problem, extra={"recording": id})
        return problem
