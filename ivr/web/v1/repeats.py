"""A request with an `Idempotency-Key` is carried out once, however often it is sent within a day.

It is claimed in a transaction of its own; what it does and its answer are one transaction. So a crash leaves a claim
with nothing done, which is over after a minute, or all of it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, delete, text, update
from sqlalchemy.orm import Session

from ivr.store.schema import ApiAnswer, UtcTime
from ivr.web.v1.problems import Refusal

KEPT, CLAIMED = timedelta(hours=24), timedelta(seconds=60)
_CLAIM = text(
    "INSERT INTO api_answers (key, idempotency_key, digest, at, headers, body)"
    " VALUES (:key, :idempotency_key, :digest, :at, '{}', '') ON CONFLICT (key, idempotency_key) DO NOTHING"
).bindparams(bindparam("at", type_=UtcTime))


@dataclass(frozen=True)
class Claim:
    """Whoever has it carries the request out. `at`: another may claim it later, and then this one is void."""

    key: str
    idempotency_key: str
    at: datetime


def digest(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()


def claim(session: Session, key: str, idempotency_key: str, digest: str, now: datetime) -> Claim | ApiAnswer:
    """The claim, or what was answered. Raises Refusal: the same is being carried out, or the key was used for something
    else."""
    session.execute(delete(ApiAnswer).where(ApiAnswer.at < now - KEPT))
    mine = Claim(key, idempotency_key, now)
    if session.execute(_CLAIM, vars(mine) | {"digest": digest}).rowcount:  # type: ignore[attr-defined]
        return mine
    there = session.get(ApiAnswer, (key, idempotency_key), with_for_update=True)
    if there is None:  # it was given up just now
        raise Refusal(409, "the same request was refused; ask again", {"Retry-After": "1"})
    if there.digest != digest:
        raise Refusal(422, "this Idempotency-Key was given with another request; take a new one")
    if there.status is not None:
        return there
    if there.at > now - CLAIMED:
        raise Refusal(409, "the same request is being carried out; ask again", {"Retry-After": "1"})
    there.at = now
    return mine


def keep(session: Session, claim: Claim, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """In the transaction that does what was asked. Raises Refusal when the claim is void."""
    values = {"status": status, "headers": dict(headers), "body": body}
    if not session.execute(update(ApiAnswer).where(*_open(claim)).values(values)).rowcount:  # type: ignore[attr-defined]
        raise Refusal(409, "this took too long, and the same request is being carried out again; ask again")


def give_up(session: Session, claim: Claim) -> None:
    """Nothing was done: the same key may be given again, also with a request that is put right."""
    session.execute(delete(ApiAnswer).where(*_open(claim)))


def _open(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    mine = (ApiAnswer.key == claim.key, ApiAnswer.idempotency_key == claim.idempotency_key, ApiAnswer.at == claim.at)
    return (*mine, ApiAnswer.status.is_(None))
