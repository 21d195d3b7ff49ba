"""Who may do what: users, passwords, roles. Everything not granted here is refused."""

import hashlib
import hmac
import os
import secrets
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.settings import Settings
from ivr.store.database import Database, StoreError
from ivr.store.schema import User

ROLES = ("admin", "supervisor", "designer", "reviewer", "privacy-officer", "operator")
WITH_CODE = frozenset({"operator", "supervisor", "admin"})  # who may have an operator's code: a phone to be rung at

SUPERVISE = frozenset({"admin", "supervisor"})
LIST_RECORDINGS = frozenset({"admin", "supervisor", "reviewer"})
SEE_CODES = frozenset({"admin", "supervisor"})  # of operators; others know them by pseudonym
HEAR_ORIGINALS = frozenset({"admin", "supervisor", "reviewer"})  # voices as they are, not anonymised
SEE_RETENTION = frozenset({"admin", "supervisor", "privacy-officer"})
AT_THE_CALL = frozenset({"admin", "supervisor", "operator"})
AT_THE_DESK = frozenset({"operator", "supervisor"})  # with an operator's code
READ_FLOWS = frozenset({"admin", "supervisor", "designer"})
PUBLISH = frozenset({"admin", "designer"})

# (method, route) → roles. Signing in, the language and the files of the pages are the only routes for everybody.
GRANTS: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/"): SUPERVISE,
    ("GET", "/board/events"): SUPERVISE,
    ("POST", "/sign-out"): frozenset(ROLES),
    ("GET", "/calls"): SUPERVISE,
    ("GET", "/tickets"): SUPERVISE,
    ("GET", "/recordings"): LIST_RECORDINGS,
    ("GET", "/recordings/{id}/audio"): HEAR_ORIGINALS,
    ("GET", "/retention"): SEE_RETENTION,
    ("GET", "/flows"): READ_FLOWS,
    ("GET", "/flows/{source}"): READ_FLOWS,
    ("GET", "/flows/{source}/{flow}"): READ_FLOWS,
    ("GET", "/flows/{source}/{flow}/graph"): READ_FLOWS,
    ("GET", "/flows/{source}/{flow}/prompts/{prompt}/{language}"): READ_FLOWS,
    ("POST", "/flows/{source}/{flow}/calls"): READ_FLOWS,  # a simulated call changes nothing
    ("POST", "/simulations/{id}"): READ_FLOWS,
    ("GET", "/simulations/{id}/says/{says}"): READ_FLOWS,
    ("GET", "/flow-versions/{old}/{new}"): READ_FLOWS,
    ("POST", "/flow-versions"): PUBLISH,
    ("POST", "/flow-versions/{number}"): PUBLISH,
    ("GET", "/api/status"): SUPERVISE,
    ("GET", "/api/calls"): SUPERVISE,
    ("GET", "/api/tickets"): SUPERVISE,
    ("GET", "/api/survey"): SUPERVISE,
    ("GET", "/api/recordings"): LIST_RECORDINGS,
    ("GET", "/api/retention"): SEE_RETENTION,
    ("GET", "/api/samples"): LIST_RECORDINGS,
    ("POST", "/api/samples"): LIST_RECORDINGS,
    ("GET", "/api/samples/{name}"): LIST_RECORDINGS,
    ("GET", "/api/samples/{name}/items"): LIST_RECORDINGS,
    ("PUT", "/api/samples/{name}/items/{id}"): LIST_RECORDINGS,
    ("PUT", "/api/calls/{id}/disposition"): AT_THE_CALL,
    ("POST", "/api/calls/{id}/commands/{name}"): AT_THE_CALL,
    ("GET", "/api/operators"): SUPERVISE,
    ("POST", "/api/operators/{code}/state"): AT_THE_CALL,
    ("GET", "/api/queues"): SUPERVISE,
    ("POST", "/api/queues/{name}/calls/{id}"): SUPERVISE,
    ("GET", "/desk"): AT_THE_DESK,
    ("GET", "/desk/events"): AT_THE_DESK,
    ("GET", "/desk/targets"): AT_THE_DESK,
    ("PUT", "/desk/calls/{id}/note"): AT_THE_DESK,
    ("GET", "/desk/phone"): AT_THE_DESK,
    ("GET", "/desk/sip"): AT_THE_DESK,
    ("GET", "/metrics"): SUPERVISE,
}
OPEN = frozenset({("GET", "/sign-in"), ("POST", "/sign-in"), ("POST", "/language"), ("GET", "/static")})

# Commands about a live call → roles. Whoever commands as the operator who has the call, or with a phone, is one: their
# user has an operator's code; that it is they who have the call is for the call's controller to say.
COMMANDS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("hold", "unhold", "mute", "pause-recording", "transfer"), AT_THE_CALL),
    **dict.fromkeys(("consult", "return", "conference", "complete"), AT_THE_CALL),
    "supervise": SUPERVISE & HEAR_ORIGINALS,  # live sound is the original: there is no anonymised one
    "take-over": SUPERVISE,
}

# scrypt's cost (RFC 7914): 16 MiB and about 50 ms.
_N, _R, _P = 1 << 14, 8, 1
_NOBODY = "scrypt$00$00"


def hash_password(password: str) -> str:
    salt = os.urandom(16)
    return f"scrypt${salt.hex()}${_scrypt(password, salt).hex()}"


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P)


def sign_in(session: Session, name: str, password: str) -> User | None:
    """The user, if the password is right. Takes as long for a name that nobody has."""
    user = session.get(User, name)
    if user is not None and user.removed_at is not None:
        user = None
    _, salt, wanted = (user.password if user else _NOBODY).split("$")
    right = hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)).hex(), wanted)
    return user if right else None


def add_user(session: Session, name: str, role: str, operator: str = "", password: str = "") -> str:
    """Returns the password, a new one when none is given. Raises StoreError."""
    if role not in ROLES:
        raise StoreError(f"role '{role}' is none of {', '.join(ROLES)}")
    if role == "operator" and not operator:
        raise StoreError("an operator's user needs the operator's code (--operator)")
    if operator and role not in WITH_CODE:
        raise StoreError(f"a {role} takes no calls and has no operator's code (--operator)")
    existing = session.get(User, name)
    if existing is not None and existing.removed_at is None:
        raise StoreError(f"user {name} is there already")
    password = password or secrets.token_urlsafe(15)
    session.merge(
        User(
            name=name,
            password=hash_password(password),
            role=role,
            operator=operator,
            created_at=datetime.now(UTC),
            removed_at=None,
        )
    )
    return password


def remove_user(session: Session, name: str) -> None:
    user = session.get(User, name)
    if user is None or user.removed_at is not None:
        raise StoreError(f"there is no user {name}")
    user.removed_at = datetime.now(UTC)


def users(session: Session) -> list[User]:
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
