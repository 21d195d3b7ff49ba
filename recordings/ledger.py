"""The ledger of deletions: a line for each, in the database and, as JSON lines, in the store beside the recordings.

The store's copy is written first. So whatever happens to the database (a crash before its commit, a backup that is
older than the deletion), `settle` brings it to where the store's ledger stands, and what was deleted stays so. One
object a batch, named by the number of its first line, as `ledger/0000000201.jsonl`; none is ever written again.

A line names a recording, which is deleted with all that belongs to it, or, as `ID.original`, its original alone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from ivr.problem import Problem
from ivr.store import chained
from ivr.store.chain import Head, link
from ivr.store.database import Database
from ivr.store.schema import PurgeEntry, Recording
from recordings import belongings
from recordings.keys.ring import ORIGINAL
from recordings.stores import Store

FOLDER = "ledger"
_ORIGINAL = f".{ORIGINAL}"
Row = Mapping[str, Any]


class LedgerProblem(Problem):
    """The ledger in the store does not go on where that of the database ends."""


@contextmanager
def alone(database: Database, store: Store) -> Iterator[int]:
    """Whoever deletes or holds does it in here, one after the other. It begins by bringing the database to where the
    store's ledger stands, and gives how many lines that lacked: what they say is deleted, is. No transaction is open
    while the store is written: a store that takes its time stops no call. Raises LedgerProblem, StorageError."""
    with database.alone("ledger"):
        yield _settle(database, store)


def original_of(recording_id: Any) -> Any:
    """What a line calls its original; of a string, or of a column."""
    return recording_id + _ORIGINAL


def settle(database: Database, store: Store) -> int:
    """Only that beginning."""
    with alone(database, store) as lacked:
        return lacked


def note(database: Database, store: Store, lines: Sequence[Row]) -> None:
    """Delete: note the lines (recording_id, day, purged_at, rule, sha256) in the store, then in the database, in one
    transaction with all rows that belong to the recordings. Inside `alone`. Raises StorageError, LedgerProblem."""
    with database.read() as session:
        rows = chained.bind(chained.head(session, PurgeEntry), lines)
    store.put(_name(rows[0]["seq"]), [_encoded(row) for row in rows])
    with database.transaction() as session:
        _apply(session, rows)


def read(store: Store, after: Head = Head()) -> Iterator[dict[str, Any]]:  # noqa: B008 immutable
    """The lines in the store behind `after`, in order. Raises LedgerProblem, StorageError."""
    objects = sorted(store.names(FOLDER))
    # The newest object that begins at or before it may hold more.
    first = max((index for index, name in enumerate(objects) if _first(name) <= after.seq + 1), default=0)
    for name in objects[first:]:
        for row in _rows(store, name):
            if row["seq"] <= after.seq:
                continue
            entry = {key: value for key, value in row.items() if key != "hash"}
            if row["seq"] != after.seq + 1 or link(after.hash, entry) != row["hash"]:
                raise LedgerProblem(
                    f"{name}: line {row['seq']} does not come after line {after.seq} of the ledger; the database and "
                    "the recordings' store are of different installations, or one of them was altered: see "
                    "`ivr purge verify`"
                )
            after = Head(row["seq"], row["hash"])
            yield row


def _settle(database: Database, store: Store) -> int:
    with database.read() as session:
        head = chained.head(session, PurgeEntry)
    rows = list(read(store, after=head))
    for start in range(0, len(rows), chained.AT_ONCE):
        with database.transaction() as session:
            _apply(session, rows[start : start + chained.AT_ONCE])
    return len(rows)


def _apply(session: Session, rows: Sequence[Row]) -> None:
    if chained.lock(session, PurgeEntry).seq != rows[0]["seq"] - 1:
        raise LedgerProblem("another process has written the ledger meanwhile; run `ivr purge` again")
    chained.add(session, PurgeEntry, rows)
    for at, batch in groupby(rows, key=lambda row: row["purged_at"]):
        names = [row["recording_id"] for row in batch]
        originals = [name.removesuffix(_ORIGINAL) for name in names if name.endswith(_ORIGINAL)]
        ids = [name for name in names if not name.endswith(_ORIGINAL)]
        belongings.forget(session, ids)
        belongings.forget_originals(session, originals)
        session.execute(update(Recording).where(Recording.id.in_(ids)).values(purged_at=at))
        session.execute(update(Recording).where(Recording.id.in_(originals)).values(original_gone_at=at))


def _name(seq: int) -> str:
    return f"{FOLDER}/{seq:010}.jsonl"


def _first(name: str) -> int:
    text = name.removeprefix(f"{FOLDER}/").removesuffix(".jsonl")
    if not text.isdigit():
        raise LedgerProblem(f"{name}: is no part of the ledger; take it away")
    return int(text)


def _encoded(row: Row) -> bytes:
    return json.dumps(row, default=lambda value: value.isoformat()).encode() + b"\n"


def _rows(store: Store, name: str) -> Iterator[dict[str, Any]]:
    whole = store.read(name, 0, store.size(name))
    for line in whole.splitlines():
        try:
            row = json.loads(line)
            yield row | {
                "day": date.fromisoformat(row["day"]),
                "purged_at": datetime.fromisoformat(row["purged_at"]),
            }
        except (ValueError, KeyError, TypeError) as error:
            raise LedgerProblem(f"{name}: is damaged ({error}); restore it from the store's backup") from error
