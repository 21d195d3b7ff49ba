"""Who may sign in: users and their passwords, and the browsers that are signed in."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ivr.settings import Settings
from ivr.store import audit
from ivr.store.database import Database, StoreError
from ivr.store.schema import SignIn, User
from ivr.web.access import ROLES, WITH_CODE

# Argon2id, 19 MiB and two passes, as OWASP's password storage cheat sheet has it; no more, for programs of the API give
# their password with each request.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobodys() -> str:
    """What a password is compared with when there is no user, or none with a password here: it takes as long."""
    return _HASHER.hash(secrets.token_urlsafe())


def check(session: Session, name: str, password: str) -> User | None:
    """The user, if the password is right. Nothing tells whether there is such a user."""
    user = session.get(User, name) if name.isprintable() else None  # PostgreSQL takes no zero byte
    if user is not None and (user.removed_at or user.subject):
        user = None
    try:
        _HASHER.verify(user.password if user else _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return None
    return user


def begin(session: Session, user: str, seconds: float) -> str:
    """Sign a browser in. Returns what its cookie holds; the store only has its digest."""
    now, token = datetime.now(UTC), secrets.token_urlsafe(32)
    session.execute(delete(SignIn).where(SignIn.until <= now))
    session.add(SignIn(key=_digest(token), user=user, at=now, until=now + timedelta(seconds=seconds)))
    return token


def who(session: Session, token: str) -> User | None:
    """Whose browser it is, as the user is now: a role that was taken away, or a removal, holds at once."""
    chosen = select(User).join(SignIn, SignIn.user == User.name).where(User.removed_at.is_(None))
    return session.scalar(chosen.where(SignIn.key == _digest(token), SignIn.until > datetime.now(UTC)))


def has_role(session: Session, name: str, role: str) -> bool:
    chosen = select(User.name).where(User.name == name, User.role == role, User.removed_at.is_(None))
    return session.scalar(chosen) is not None


def end(session: Session, token: str) -> None:
    session.execute(delete(SignIn).where(SignIn.key == _digest(token)))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def add_user(session: Session, name: str, role: str, operator: str = "", password: str = "") -> str:
    """Returns the password, a new one when none is given. Raises StoreError."""
    check_role(role, operator)
    existing = session.get(User, name)
    if existing is not None and existing.removed_at is None:
        raise StoreError(f"user {name} is there already")
    password = password or secrets.token_urlsafe(15)
    session.merge(
        User(
            name=name,
            password=_HASHER.hash(password),
            role=role,
            operator=operator,
            subject="",
            created_at=datetime.now(UTC),
            removed_at=None,
        )
    )
    return password


@dataclass(frozen=True)
class NotLetIn:
    """Who has signed in at the provider is not let in here. `code`: for the pages."""

    code: str
    why: str


def arrive(session: Session, subject: str, name: str, role: str, operator: str) -> User | NotLetIn:
    """The user of the provider's `subject`, with the role that it says now; new at the first time. Whoever has no role
    there any more loses it here, and is signed out everywhere."""
    user = session.scalar(select(User).where(User.subject == subject))
    if user is not None and user.removed_at:
        return NotLetIn("removed", f"user {user.name} was removed here")
    operator = operator if role in WITH_CODE else ""
    if user is not None and (user.role, user.operator) != (role, operator):
        audit.write(session, user.name, "role", user.name, f"{role or 'none'}, by the provider")
        user.role, user.operator = role, operator
    if not role:
        if user is not None:
            session.execute(delete(SignIn).where(SignIn.user == user.name))
        return NotLetIn("no-role", "the provider gives no role of ours")
    if role == "operator" and not operator:
        return NotLetIn("no-code", "the provider gives no operator's code")
    if user is None:
        if not name or not name.isprintable() or len(name) > 100 or session.get(User, name) is not None:
            return NotLetIn("name-taken", "the provider's name for the user is taken here, or is none")
        user = User(
            name=name, password="", role=role, operator=operator, subject=subject, created_at=datetime.now(UTC),
            removed_at=None,
        )  # fmt: skip
        session.add(user)
        session.flush()
        audit.write(session, name, "role", name, f"{role}, by the provider")
    return user


def check_role(role: str, operator: str) -> None:
    """Raises StoreError for a role that there is not, or that does not go with the operator's code."""
    if role not in ROLES:
        raise StoreError(f"role '{role}' is none of {', '.join(ROLES)}")
    if role == "operator" and not operator:
        raise StoreError("an operator's user needs the operator's code (--operator)")
    if operator and role not in WITH_CODE:
        raise StoreError(f"a {role} takes no calls and has no operator's code (--operator)")


def remove_user(session: Session, name: str) -> None:
    user = session.get(User, name)
    if user is None or user.removed_at is not None:
        raise StoreError(f"there is no user {name}")
    user.removed_at = datetime.now(UTC)
    session.execute(delete(SignIn).where(SignIn.user == name))


def find(session: Session) -> list[User]:
    return list(session.scalars(select(User).where(User.removed_at.is_(None)).order_by(User.name)))


def ensure_admin(database: Database, settings: Settings) -> None:
    """At the first start: a user `admin`, whose password lies in the secrets' folder for its owner alone."""
    with database.transaction() as session:
        if session.scalar(select(User.name).limit(1)):
            return
        password = add_user(session, "admin", "admin")
    path = settings.secrets / "admin-password"
    path.touch(mode=0o600)
    path.write_text(password + "\n", "ascii")
