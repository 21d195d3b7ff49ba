"""Operators and where they stand."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from ivr.store.database import StoreError
from ivr.store.schema import Base, Operator, Presence, PresenceEvent
from ivr.store.statement import Statement

LANGUAGES = ("it", "en", "de", "fr")
_tables = Base.metadata.tables
_PRESENCE = _tables["presence"]
_STOOD = select(_PRESENCE).where(_PRESENCE.c.code == bindparam("operator"))
_APPEAR = Statement(insert(_PRESENCE))
_CHANGE = Statement(update(_PRESENCE).where(_PRESENCE.c.code == bindparam("operator")))
_HAPPEN = Statement(insert(_tables["presence_events"]))


def add(
    session: Session,
    code: str,
    name: str,
    languages: Sequence[str],
    queues: Sequence[str],
    now: datetime,
    skills: Mapping[str, int] | None = None,
) -> Operator:
    """Add an operator, or take one back who was removed. Raises StoreError saying what is wrong."""
    if not re.fullmatch(r"[0-9]{3,8}", code):
        raise StoreError(f"operator code '{code}': 3 to 8 digits are needed, it is spoken to callers digit by digit")
    if unknown := [language for language in languages if language not in LANGUAGES]:
        raise StoreError(f"languages: '{unknown[0]}' is none of {', '.join(LANGUAGES)}")
    if not languages or not queues:
        raise StoreError("an operator needs at least one language and one queue (or `all`)")
    for skill, level in (skills or {}).items():
        if not re.fullmatch(r"[a-z][a-z0-9-]*", skill) or not 1 <= level <= 9:
            raise StoreError(f"skill '{skill}:{level}': write NAME or NAME:LEVEL, in small letters, levels are 1 to 9")
    operator = session.get(Operator, code)
    if operator is not None and operator.removed_at is None:
        raise StoreError(f"operator {code} is there already; remove it first (`ivr operators remove {code}`)")
    if operator is None:
        operator = Operator(code=code, created_at=now, removed_at=None)
        session.add(operator)
    operator.name, operator.languages, operator.queues = name, list(languages), list(queues)
    operator.skills, operator.removed_at = dict(skills or {}), None
    session.flush()
    return operator


def remove(session: Session, code: str, now: datetime) -> None:
    """The row stays, for old calls to be read; the phone and the sign-in are gone. Raises StoreError."""
    operator = session.get(Operator, code)
    if operator is None or operator.removed_at is not None:
        raise StoreError(f"there is no operator {code}; see `ivr operators list`")
    operator.removed_at = now
    set_presence(session, code, "signed-out", now)


def current(session: Session) -> list[Operator]:
    return list(session.scalars(select(Operator).where(Operator.removed_at.is_(None)).order_by(Operator.code)))


def get(session: Session, code: str) -> Operator | None:
    return session.get(Operator, code)


def presence(session: Session, code: str) -> Presence | None:
    return session.get(Presence, code)


def presences(session: Session) -> list[Presence]:
    return list(session.scalars(select(Presence)))


def set_presence(
    session: Session,
    code: str,
    state: str,
    now: datetime,
    *,
    reason: str = "",
    call: str = "",
    phone: str = "",
    by: str = "",
) -> None:
    """Where the operator stands from now on, and the event; nothing when that is where they stand already.

    After a clock was set back, what follows is dated by the last event until it has caught up: an order that the times
    contradict could not be told from them."""
    before = session.execute(_STOOD, {"operator": code}).first()
    if before and (before.state, before.reason, before.call_id, before.phone) == (state, reason, call, phone):
        return
    now = max(now, before.since) if before else now
    stands = {"state": state, "reason": reason, "phone": phone, "since": now, "call_id": call}
    if before:
        _CHANGE.run(session, {"operator": code, **stands})
    else:
        _APPEAR.run(session, {"code": code, **stands})
    _HAPPEN.run(session, {"code": code, "at": now, "state": state, "reason": reason, "call_id": call, "by": by})


def events(session: Session, code: str, since: datetime, until: datetime) -> list[PresenceEvent]:
    """What happened in [since, until), in order, and before them the last one from before, if any."""
    mine = select(PresenceEvent).where(PresenceEvent.code == code)
    before = mine.where(PresenceEvent.at < since).order_by(PresenceEvent.at.desc(), PresenceEvent.id.desc()).limit(1)
    within = mine.where(PresenceEvent.at >= since, PresenceEvent.at < until)
    return [*session.scalars(before), *session.scalars(within.order_by(PresenceEvent.at, PresenceEvent.id))]
