"""The keys of `/api/v1`: made, shown once, looked up by their digest, revoked; and how many requests each may make."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import case, or_, select, update
from sqlalchemy.orm import Session

from ivr.problem import WrongUse
from ivr.store import audit
from ivr.store.database import StoreError
from ivr.store.schema import ApiKey
from ivr.web.v1.scopes import SCOPES

BEGIN = "numero-nero_"  # so that who scans for secrets left lying about knows one
PER_MINUTE, MOST_PER_MINUTE = 600, 1_000_000
LONGEST_NAME = 60


@dataclass(frozen=True)
class Limit:
    """`left` of `most` requests in this minute, which ends in `reset` seconds."""

    most: int
    left: int
    reset: int


def add(
    session: Session,
    name: str,
    scopes: Sequence[str],
    *,
    by: str,
    per_minute: int = PER_MINUTE,
    expires_at: datetime | None = None,
) -> str:
    """Returns the key, which nobody can read again. Raises WrongUse, and StoreError for a name that was given."""
    if not name or len(name) > LONGEST_NAME or not name.isascii() or not name.replace("-", "").isalnum():
        raise WrongUse(f"'{name}' is no name for a key: letters, digits and hyphens, {LONGEST_NAME} at most")
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise WrongUse(f"scope '{unknown[0]}' is none of {', '.join(SCOPES)}")
    if not scopes:
        raise WrongUse("a key needs a scope (--scope)")
    if not 1 <= per_minute <= MOST_PER_MINUTE:
        raise WrongUse(f"requests a minute are from 1 to {MOST_PER_MINUTE}, not {per_minute}")
    now = datetime.now(UTC)
    if expires_at is not None and expires_at <= now:
        raise WrongUse("the key would be over before it began; give a later time")
    if session.get(ApiKey, name) is not None:
        raise StoreError(f"there is or was a key {name}; choose another name, for the audit names keys so")
    key = BEGIN + secrets.token_urlsafe(32)
    one = ApiKey(
        name=name, digest=_digest(key), scopes=sorted(set(scopes)), per_minute=per_minute, created_at=now,
        created_by=by, expires_at=expires_at, revoked_at=None, last_used_at=None,
    )  # fmt: skip
    session.add(one)
    audit.write(session, by, "api-key-add", name, " ".join(one.scopes))
    return key


def revoke(session: Session, name: str, *, by: str) -> None:
    """From now on; the name stays taken. Raises StoreError."""
    one = session.get(ApiKey, name)
    if one is None or one.revoked_at is not None:
        raise StoreError(f"there is no key {name}")
    one.revoked_at = datetime.now(UTC)
    audit.write(session, by, "api-key-revoke", name)


def listed(session: Session) -> list[ApiKey]:
    """Also those that were revoked."""
    return list(session.scalars(select(ApiKey).order_by(ApiKey.name)))


def find(session: Session, key: str, now: datetime) -> ApiKey | None:
    """The one that is shown, if it holds. It is looked up by its digest, so the time that takes tells nothing."""
    one = session.scalar(select(ApiKey).where(ApiKey.digest == _digest(key)))
    if one is None or one.revoked_at is not None or (one.expires_at is not None and one.expires_at <= now):
        return None
    return one


def limit(key: ApiKey, now: datetime) -> Limit:
    """As the row stands."""
    seconds = int(now.timestamp())
    used = key.used if key.minute == seconds // 60 else 0
    return Limit(key.per_minute, max(0, key.per_minute - used), 60 - seconds % 60)


def count(session: Session, key: ApiKey, now: datetime) -> bool:
    """One more request, of all web processes together. False: it is one too many, and nothing was counted."""
    minute = int(now.timestamp()) // 60
    one_more = (
        update(ApiKey)
        .where(ApiKey.name == key.name, or_(ApiKey.minute != minute, ApiKey.used < ApiKey.per_minute))
        .values(minute=minute, used=case((ApiKey.minute == minute, ApiKey.used + 1), else_=1), last_used_at=now)
    )
    return bool(session.execute(one_more.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
