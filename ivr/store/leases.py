"""The lease: who decides for all controllers which operator takes which call. Its clock is the database's."""

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from ivr.store.schema import Lease

LEAD = "lead"
# Seconds since 1970, to the millisecond or better.
CLOCKS = {
    "postgresql": text("SELECT extract(epoch FROM clock_timestamp())"),
    "sqlite": text("SELECT (julianday('now') - 2440587.5) * 86400.0"),
}


def get(session: Session, *, lock: bool = False) -> tuple[Lease, float]:
    """The lease, and for how many seconds it still holds (less than 0: it is over). `lock`: nobody else may change it
    before the transaction ends."""
    lease = session.get_one(Lease, LEAD, with_for_update=lock)
    return lease, lease.until - _seconds(session)


def hold(session: Session, holder: str, address: str, epoch: int, seconds: float) -> None:
    """In the transaction that has locked it."""
    lease = session.get_one(Lease, LEAD)
    lease.holder, lease.address, lease.epoch, lease.until = holder, address, epoch, _seconds(session) + seconds


def release(session: Session, epoch: int) -> None:
    """Its holder ends: whoever comes next need not wait."""
    lease, _ = get(session, lock=True)
    if lease.epoch == epoch:
        lease.until = 0.0


def now(session: Session) -> datetime:
    """By the database's clock, in UTC."""
    return datetime.fromtimestamp(_seconds(session), UTC)


def _seconds(session: Session) -> float:
    return float(session.execute(CLOCKS[session.get_bind().dialect.name]).scalar_one())
