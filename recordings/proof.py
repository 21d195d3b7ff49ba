"""Proof from store and catalogue that nothing older than its day exists, and that each deleted thing has its line."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from ivr.store import chained
from ivr.store.chain import BEGINNING
from ivr.store.schema import PurgeEntry, Recording, RecordingKey
from recordings import belongings, callers, ledger, leftovers
from recordings.keys.ring import ANONYMISED, ORIGINAL
from recordings.purge import Purge
from recordings.retention import gone_on, held, over
from recordings.stores import StorageError, Store
from recordings.vault import stored_name

AT_ONCE = 1000
RECENT = timedelta(days=1)  # what is being stored has its file before its row


@dataclass(frozen=True)
class Finding:
    """`kind`: overdue, not-erased, file-without-row, row-without-file, key-without-row, no-line, line-of-a-kept,
    ledger, spool, number, storage. `subject`: what it is about; never a caller."""

    kind: str
    subject: str
    message: str


def findings(purge: Purge) -> Iterator[Finding]:
    """As of the purge's moment. Memory does not grow with the number of recordings, only with those of one day."""
    with purge.database.snapshot() as session:
        yield from _overdue(session, purge)
        yield from _rows(session)
        yield from _lines(session)
        yield from _ledger(session, purge.store)
        yield from _numbers(session, purge)
        try:
            yield from _files(session, purge)
        except StorageError as error:
            yield Finding("storage", "store", str(error))
        yield from _spool(session, purge)


def _overdue(session: Session, purge: Purge) -> Iterator[Finding]:
    late = select(Recording.id, Recording.day).where(over(purge.last), ~held(purge.today))
    for id, day in session.execute(late.order_by(Recording.day).execution_options(yield_per=AT_ONCE)):
        gone = gone_on(day, purge.rules.keep_days)
        yield Finding("overdue", id, f"of {day}, had to be gone on {gone}: run `ivr purge`")
    rest = select(Recording.id).where(Recording.purged_at.is_not(None), Recording.erased_at.is_(None))
    for (id,) in session.execute(rest.execution_options(yield_per=AT_ONCE)):
        yield Finding("not-erased", id, "its key is deleted, its files are not: run `ivr purge`, which says why")


def _rows(session: Session) -> Iterator[Finding]:
    """Rows of what belongs to a recording that is deleted, or not there."""
    for column in belongings.ROWS:
        kept = exists(select(Recording.id).where(Recording.id == column, Recording.purged_at.is_(None)))
        for (id,) in session.execute(select(column).where(~kept).distinct().execution_options(yield_per=AT_ONCE)):
            table = column.class_.__tablename__
            yield Finding("key-without-row", id, f"{table} still has it, though the recording is deleted or unknown")
    for column, person in belongings.PEOPLE.items():
        gone = exists(select(Recording.id).where(Recording.id == column, Recording.purged_at.is_not(None)))
        for (id,) in session.execute(select(column).where(gone, person != "").execution_options(yield_per=AT_ONCE)):
            table = column.class_.__tablename__
            yield Finding("name-left", id, f"{table} still says who, though the recording is deleted")


def _lines(session: Session) -> Iterator[Finding]:
    has_line = exists(select(PurgeEntry.seq).where(PurgeEntry.recording_id == Recording.id))
    bare = select(Recording.id).where(Recording.purged_at.is_not(None), ~has_line)
    for (id,) in session.execute(bare.execution_options(yield_per=AT_ONCE)):
        yield Finding("no-line", id, "is deleted, and the ledger has no line of it")
    kept = select(Recording.id).where(Recording.purged_at.is_(None), has_line)
    for (id,) in session.execute(kept.execution_options(yield_per=AT_ONCE)):
        yield Finding("line-of-a-kept", id, "the ledger says that it was deleted, and it is there")
    yield from _originals(session)


def _originals(session: Session) -> Iterator[Finding]:
    """Those that were destroyed alone."""
    gone = select(Recording.id).where(Recording.original_gone_at.is_not(None)).execution_options(yield_per=AT_ONCE)
    has_line = exists(select(PurgeEntry.seq).where(PurgeEntry.recording_id == ledger.original_of(Recording.id)))
    for (id,) in session.execute(gone.where(~has_line)):
        yield Finding("no-line", id, "its original is destroyed, and the ledger has no line of it")
    mine = exists(
        select(RecordingKey.kek).where(RecordingKey.recording_id == Recording.id, RecordingKey.copy == ORIGINAL)
    )
    for (id,) in session.execute(gone.where(mine)):
        yield Finding("key-without-row", id, "recording_keys still has its original's, though that is destroyed")


def _ledger(session: Session, store: Store) -> Iterator[Finding]:
    """Whole in the database, and the same in the store."""
    if broken := chained.verify(session, PurgeEntry):
        yield Finding("ledger", f"entry {broken.seq}", broken.message)
    head, last = chained.head(session, PurgeEntry), BEGINNING
    seq = 0
    try:
        for row in ledger.read(store):
            seq, last = row["seq"], row["hash"]
            if seq == head.seq and last != head.hash:
                yield Finding("ledger", f"entry {seq}", "the store's ledger and the database's say different things")
    except (ledger.LedgerProblem, StorageError) as error:
        yield Finding("ledger", "store", str(error))
        return
    if seq < head.seq:
        ends = f"its ledger ends at line {seq}, the database's at {head.seq}"
        yield Finding("ledger", "store", f"{ends}; bring back `{ledger.FOLDER}/` from the store's backup")
    if seq > head.seq:
        yield Finding("ledger", "database", f"lacks lines {head.seq + 1} to {seq} of the store's: run `ivr purge`")


def _numbers(session: Session, purge: Purge) -> Iterator[Finding]:
    if count := callers.left(session, purge.last_named, purge.rules.zone, purge.today):
        yield Finding("number", f"{count} calls", "still have a caller's number that is over: run `ivr purge`")


def _files(session: Session, purge: Purge) -> Iterator[Finding]:
    """Day by day: files that belong to no recording that is kept, and recordings without their file."""
    seen: set[date] = set()
    for folder, group in groupby(purge.store.names(), key=lambda name: name.rpartition("/")[0]):
        if folder == ledger.FOLDER:
            continue
        day, names = _day(folder), set(group)
        if day is None:
            yield from (Finding("file-without-row", name, "is no recording; take it away") for name in sorted(names))
            continue
        seen.add(day)
        yield from _bare(session, day, names)
        if day >= purge.today - RECENT:
            continue
        with purge.database.read() as now:  # what was stored while we read is known by now
            for id, stray in leftovers.stray(now, purge.store, day):
                for name in stray:
                    yield Finding("file-without-row", name, f"recording {id} is deleted, or not known")
    for day in session.scalars(select(Recording.day).where(Recording.purged_at.is_(None)).distinct()).all():
        if day not in seen:
            yield from _bare(session, day, set())


def _bare(session: Session, day: date, names: set[str]) -> Iterator[Finding]:
    kept = select(Recording.id, Recording.file).where(Recording.day == day, Recording.purged_at.is_(None))
    for id, file in session.execute(kept.where(Recording.original_gone_at.is_(None))):
        if file not in names:
            yield Finding("row-without-file", id, f"{file} is not in the store; restore it from the store's backup")
    copies = select(Recording.id, RecordingKey.number).join(RecordingKey, RecordingKey.recording_id == Recording.id)
    for id, number in session.execute(copies.where(Recording.day == day, RecordingKey.copy == ANONYMISED)):
        if (file := stored_name(day, id, ANONYMISED, number)) not in names:
            again = f"restore it from the store's backup, or `ivr recordings anonymize {id}`"
            yield Finding("row-without-file", id, f"{file} is not in the store; {again}")


def _day(folder: str) -> date | None:
    try:
        return date.fromisoformat(folder.replace("/", "-"))
    except ValueError:
        return None


def _spool(session: Session, purge: Purge) -> Iterator[Finding]:
    for folder, day in leftovers.raw(session, purge.spool, purge.last, purge.today, purge.rules.zone):
        yield Finding("spool", folder.name, f"raw sound of {day} is still in the spool: run `ivr purge`")
