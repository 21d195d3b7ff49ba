"""Tables whose rows are chained (`ivr/store/chain.py`): rows are added, never changed.

The table's head, one row of `chain_heads`, is locked until the transaction ends, so several processes make one chain.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from ivr.store.chain import Broken, Entry, Head, check, link
from ivr.store.schema import AuditEntry, ChainHead, PurgeEntry
from ivr.store.statement import Statement

Table = type[AuditEntry] | type[PurgeEntry]
AT_ONCE = 1000  # rows read

_HEADS = ChainHead.__table__.c
_READ = select(_HEADS.seq, _HEADS.hash).where(_HEADS.name == bindparam("table"))
_LOCK = Statement(_READ.with_for_update())
_MOVE = Statement(update(ChainHead).where(_HEADS.name == bindparam("table")))


@cache
def _insert(table: Table) -> Statement:
    return Statement(insert(table))


def lock(session: Session, table: Table) -> Head:
    """The newest entry; nobody adds another before the transaction ends."""
    return Head(*_LOCK.run(session, {"table": table.__tablename__}).one())


def append(session: Session, table: Table, entries: Iterable[Mapping[str, Any]]) -> None:
    """Add entries, which name every column but `seq` and `hash`. The lock on the head is best taken late in a
    transaction: whoever adds waits for its end."""
    add(session, table, bind(lock(session, table), entries))


def add(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows that come after the locked head."""
    if rows:
        _insert(table).run(session, rows)
        _MOVE.run(session, {"table": table.__tablename__, "seq": rows[-1]["seq"], "hash": rows[-1]["hash"]})


def bind(head: Head, entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Entries as the rows that come after `head`."""
    rows = []
    for entry in entries:
        numbered = {"seq": head.seq + 1, **entry}
        head = Head(head.seq + 1, link(head.hash, numbered))
        rows.append({**numbered, "hash": head.hash})
    return rows


def head(session: Session, table: Table) -> Head:
    return Head(*session.execute(_READ, {"table": table.__tablename__}).one())


def verify(session: Session, table: Table, noted: Iterable[str] = ()) -> Broken | None:
    """Read the whole log; see `chain.check`. The session must see one moment (`Database.snapshot`)."""
    return check(_entries(session, table), head(session, table), noted)


def _entries(session: Session, table: Table) -> Iterator[tuple[Entry, str]]:
    columns = [column for column in table.__table__.c if column.key != "hash"]
    rows = session.execute(select(*columns, table.hash).order_by(table.seq).execution_options(yield_per=AT_ONCE))
    names = [column.key for column in columns]
    for *values, stored in rows:
        yield dict(zip(names, values, strict=True)), stored
