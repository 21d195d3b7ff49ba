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
    asterisk: str = "asterisk",
) -> None:
    """`waiting`: of the calls, those in a queue. `asterisk`: whose calls they are."""
    row = Controller(
        id=id,
        pid=pid,
        started_at=started_at,
        seen_at=now,
        calls=calls,
        waiting=waiting,
        address=address,
        asterisk=asterisk,
    )
    session.merge(row)
    session.flush()


def alive(session: Session, now: datetime, within: timedelta = ALIVE) -> list[Controller]:
    return list(session.scalars(select(Controller).where(Controller.seen_at > now - within)))


def asterisks(session: Session) -> dict[str, str]:
    """Controller → its Asterisk, of all there have ever been."""
    return {id: asterisk for id, asterisk in session.execute(select(Controller.id, Controller.asterisk))}


def others(session: Session, id: str, now: datetime, asterisk: str) -> tuple[int, int, int]:
    """Of all the others that are alive: (calls, those of them that wait, those of them on this Asterisk)."""
    rows = [row for row in alive(session, now) if row.id != id]
    beside = sum(row.calls for row in rows if row.asterisk == asterisk)
    return sum(row.calls for row in rows), sum(row.waiting for row in rows), beside
