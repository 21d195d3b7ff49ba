"""Heartbeats of controllers: who is alive."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.store.schema import Controller

ALIVE = timedelta(seconds=5)


def heartbeat(
    session: Session, id: str, *, pid: int, started_at: datetime, now: datetime, calls: int, address: str
) -> None:
    session.merge(Controller(id=id, pid=pid, started_at=started_at, seen_at=now, calls=calls, address=address))
    session.flush()


def alive(session: Session, now: datetime) -> list[Controller]:
    return list(session.scalars(select(Controller).where(Controller.seen_at > now - ALIVE)))
