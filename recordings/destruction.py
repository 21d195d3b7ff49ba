"""Originals that are destroyed when their anonymised copy is there, where the settings say so.

As in a purge: a line in the ledger, in the store and then in the database, in one transaction with the key; then the
file. What is on hold keeps its original until the hold is over. A crash at any point is finished by the next look.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Select, select, update

from ivr.store.database import Database
from ivr.store.schema import Anonymisation, Recording
from recordings import ledger, spool
from recordings.retention import held
from recordings.stores import Store

log = logging.getLogger(__name__)
BATCH = 200
RULE = "its anonymised copy is there"


def destroy(database: Database, store: Store, place: Path, today: date) -> int:
    """Those that are to be destroyed and not held on that day, with what the spool at `place` still has; returns
    how many. Raises StoreError, StorageError, LedgerProblem; the next time goes on."""
    number = 0
    while batch := _forget_batch(database, store, today):
        number += batch
    while _erase_batch(database, store, place):
        pass
    return number


def _forget_batch(database: Database, store: Store, today: date) -> int:
    """From here on nobody opens them."""
    there = _chosen().where(Recording.original_gone_at.is_(None), ~held(today))
    if not _read(database, there):
        return 0
    with ledger.alone(database, store):  # nobody holds or purges meanwhile
        batch = _read(database, there)
        if batch:
            common = {"purged_at": datetime.now(UTC), "rule": RULE}
            lines = [
                {"recording_id": ledger.original_of(id), "day": day, "sha256": sha256, **common}
                for id, day, _, sha256 in batch
            ]
            ledger.note(database, store, lines)
            log.info("%d originals were destroyed, their anonymised copies being there", len(batch))
    return len(batch)


def _erase_batch(database: Database, store: Store, place: Path) -> int:
    batch = _read(database, _chosen().where(Recording.original_gone_at.is_not(None)))
    for id, _, file, _ in batch:
        store.delete(file)
        if (place / id).exists():
            spool.drop(place / id)
    done = update(Anonymisation).where(Anonymisation.recording_id.in_([id for id, *_ in batch]))
    if batch:
        with database.transaction() as session:
            session.execute(done.values(destroy=False))
        database.scrub()
    return len(batch)


def _chosen() -> Select[str, date, str, str]:
    chosen = select(Recording.id, Recording.day, Recording.file, Recording.sha256)
    return chosen.join(Anonymisation, Anonymisation.recording_id == Recording.id).where(Anonymisation.destroy)


def _read(database: Database, chosen: Select[str, date, str, str]) -> Sequence[tuple[str, date, str, str]]:
    with database.read() as session:
        return [(id, day, file, sha256) for id, day, file, sha256 in session.execute(chosen.limit(BATCH))]
