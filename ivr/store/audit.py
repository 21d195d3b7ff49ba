"""The audit log: who did what, in one chain (`ivr/store/chained.py`)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from ivr.store import chained
from ivr.store.schema import AuditEntry

_PENDING = "audit"


def write(
    session: Session, user: str, action: str, subject: str = "", detail: str = "", at: datetime | None = None
) -> None:
    """Is in the log when the transaction is committed. The chain's head is locked only then, after everything else that
    the transaction locks: so two that audit and change the same rows never wait for each other. `at`: when it was done,
    if that is not now."""
    entry = {"at": at or datetime.now(UTC), "user": user, "action": action, "subject": subject, "detail": detail}
    session.info.setdefault(_PENDING, []).append(entry)


@event.listens_for(Session, "before_commit")
def _append(session: Session) -> None:
    if _PENDING in session.info and not session.in_nested_transaction():
        chained.append(session, AuditEntry, session.info.pop(_PENDING))


def find(
    session: Session,
    *,
    user: str = "",
    action: str = "",
    subject: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int = 0,
    limit: int = 50,
) -> Sequence[AuditEntry]:
    """The newest first. `action`: by its beginning. [since, until). `before`: only entries with a smaller number, to go
    on where a list ended."""
    chosen = select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(limit)
    for column, value in ((AuditEntry.user, user), (AuditEntry.subject, subject)):
        if value:
            chosen = chosen.where(column == value)
    if action:
        chosen = chosen.where(AuditEntry.action.startswith(action, autoescape=True))
    if since:
        chosen = chosen.where(AuditEntry.at >= since)
    if until:
        chosen = chosen.where(AuditEntry.at < until)
    if before:
        chosen = chosen.where(AuditEntry.seq < before)
    return session.scalars(chosen).all()
