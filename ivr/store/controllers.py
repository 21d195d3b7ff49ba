"""Heartbeats of controllers: who is alive."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.store.schema import Controller

ALIVE = timedelta(seconds=5)


def heartbeat(
    session: Session,
    id: str,
    *,
    pid: int,
    started_at: datetime,
    now: datetime,
    calls: int,
    address: str,
    waiting: int = 0,
) -> None:
    """`waiting`: of the calls, those in a queue."""
    row = Controller(id=id, pid=pid, started_at=started_at, seen_at=now, calls=calls, waiting=waiting, address=address)
    session.merge(row)
    session.flush()


def alive(session: Session, now: datetime) -> list[Controller]:
    return list(session.scalars(select(Controller).where(Controller.seen_at > now - ALIVE)))


def others(session: Session, id: str, now: datetime) -> tuple[int, int]:
    """(calls, those of them that wait) of all the others that are alive."""
    rows = [row for row in alive(session, now) if row.id != id]
    return sum(row.calls for row in rows), sum(row.waiting for row in rows)
