"""Who may sign in, and which programs may use the API."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from ivr.store.schema.base import Base


class User(Base):
    """Who may sign in to the pages and the API. Roles: see `ivr/web/access.py`."""

    __tablename__ = "users"
    name: Mapped[str] = mapped_column(primary_key=True)
    password: Mapped[str]  # Argon2 hash with its parameters and salt; "" for who signs in at an OpenID provider
    role: Mapped[str]
    operator: Mapped[str] = mapped_column(default="")  # the operator code, for the role operator
    subject: Mapped[str] = mapped_column(default="")  # issuer and subject at an OpenID provider; "" for a local user
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class SignIn(Base):
    """A browser that is signed in. `key` is the digest of what its cookie holds."""

    __tablename__ = "sign_ins"
    key: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.name"), index=True)
    at: Mapped[datetime]
    until: Mapped[datetime]


class ApiKey(Base):
    """What a program of another house shows to use `/api/v1`. It is kept as its digest; whoever has the key is in the
    audit by its name, so a name is never given twice. `minute` and `used`: the requests of the newest minute."""

    __tablename__ = "api_keys"
    name: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)  # SHA-256
    scopes: Mapped[list[str]]  # of ivr/web/v1/scopes.py
    per_minute: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    minute: Mapped[int] = mapped_column(default=0)  # since 1970
    used: Mapped[int] = mapped_column(default=0)


class ApiAnswer(Base):
    """What was answered to a request that had an `Idempotency-Key`, for whoever sends it again. `status` is empty while
    the request is being carried out."""

    __tablename__ = "api_answers"
    key: Mapped[str] = mapped_column(ForeignKey("api_keys.name"), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]  # of method, path and body
    at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    body: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
