"""Published versions of the flows: their files by content, and which version new calls take.

A version never changes. Publishing adds one and makes it active; a rollback makes an old one active again. Both only
add a row to `flow_activations`, whose newest row says what is active.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from ivr.store import audit
from ivr.store.database import StoreError
from ivr.store.schema import FlowActivation, FlowFile, FlowVersion, FlowVersionFile
from ivr.store.statement import Statement

# Asked by every call.
_ACTIVE = Statement(select(FlowActivation.version).order_by(FlowActivation.id.desc()).limit(1))


@dataclass(frozen=True)
class Active:
    """`since`, `author`, `note`: of the publish or rollback that made it the active one."""

    version: int
    since: datetime
    author: str
    note: str


def active_number(session: Session) -> int:
    """The version that new calls take; 0 when nothing is published."""
    return _ACTIVE.run(session, {}).scalar() or 0


def active(session: Session) -> Active | None:
    row = session.scalar(select(FlowActivation).order_by(FlowActivation.id.desc()).limit(1))
    return None if row is None else Active(row.version, row.at, row.author, row.note)


def missing(session: Session, digests: Iterable[str]) -> set[str]:
    """Those of the SHA-256 whose content is not kept yet."""
    wanted = set(digests)
    return wanted - set(session.scalars(select(FlowFile.sha256).where(FlowFile.sha256.in_(wanted))))


def keep(session: Session, sha256: str, content: bytes) -> None:
    """Keep the content of a file, for a version to come: one by one, as large files must hold up nobody's calls. What
    no version has yet is seen by nobody."""
    _one_at_a_time(session)
    if missing(session, [sha256]):
        session.execute(insert(FlowFile), {"sha256": sha256, "content": content})


def publish(session: Session, files: Mapping[str, str], *, author: str, note: str, now: datetime) -> int:
    """Make `files` (path → SHA-256, their content kept) a new version, active from the commit on; its number, or 0 when
    the active version has the very same files."""
    _one_at_a_time(session)
    if files == paths(session, active_number(session)):
        return 0
    number = (session.scalar(select(func.max(FlowVersion.number))) or 0) + 1
    session.execute(insert(FlowVersion), {"number": number, "created_at": now, "author": author, "note": note})
    session.execute(
        insert(FlowVersionFile),
        [{"version": number, "path": path, "sha256": sha256} for path, sha256 in files.items()],
    )
    _activate(session, number, "publish", author, note, now)
    return number


def roll_back(session: Session, number: int, *, author: str, note: str, now: datetime) -> bool:
    """Make a version active again; False when it is already. Raises StoreError when there is no such version."""
    _one_at_a_time(session)
    if session.get(FlowVersion, number) is None:
        raise StoreError(f"there is no version {number}; see `ivr flow versions`")
    if number == active_number(session):
        return False
    _activate(session, number, "rollback", author, note, now)
    return True


def versions(session: Session) -> list[FlowVersion]:
    """Newest first."""
    return list(session.scalars(select(FlowVersion).order_by(FlowVersion.number.desc())))


def activations(session: Session) -> list[FlowActivation]:
    """Newest first."""
    return list(session.scalars(select(FlowActivation).order_by(FlowActivation.id.desc())))


def paths(session: Session, number: int) -> dict[str, str]:
    """Path → SHA-256 of a version's files; none when there is no such version."""
    chosen = select(FlowVersionFile.path, FlowVersionFile.sha256).where(FlowVersionFile.version == number)
    return {path: sha256 for path, sha256 in session.execute(chosen.order_by(FlowVersionFile.path))}


def content(session: Session, sha256: str) -> bytes:
    return session.scalars(select(FlowFile.content).where(FlowFile.sha256 == sha256)).one()


def _one_at_a_time(session: Session) -> None:
    """Until the transaction ends. On SQLite every transaction that writes is the only one from its beginning."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE flow_versions IN EXCLUSIVE MODE"))


def _activate(session: Session, number: int, action: str, author: str, note: str, now: datetime) -> None:
    session.execute(insert(FlowActivation), {"version": number, "at": now, "author": author, "note": note})
    audit.write(session, author, f"flow {action}", f"version {number}")
