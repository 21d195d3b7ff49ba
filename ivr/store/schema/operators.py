"""Operators, and where they stand."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ivr.store.schema.base import Base


class Operator(Base):
    __tablename__ = "operators"
    code: Mapped[str] = mapped_column(primary_key=True)  # 3 to 8 digits, spoken to callers
    name: Mapped[str]
    languages: Mapped[list[str]]
    skills: Mapped[dict[str, int]] = mapped_column(default=dict)  # name → level 1 to 9, languages among them
    queues: Mapped[list[str]]  # ["all"] or names
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class Presence(Base):
    """Where an operator stands now: signed-out, ready, offered, talking, wrap-up, paused, unreachable."""

    __tablename__ = "presence"
    code: Mapped[str] = mapped_column(ForeignKey("operators.code"), primary_key=True)
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")  # of a pause; of `unreachable`: of the pause it began in
    phone: Mapped[str] = mapped_column(default="")  # the account they are rung at
    since: Mapped[datetime]
    call_id: Mapped[str] = mapped_column(default="")


class PresenceEvent(Base):
    """Each change of where an operator stands; only ever added to. An operator's day is recomputed from these."""

    __tablename__ = "presence_events"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    code: Mapped[str] = mapped_column(ForeignKey("operators.code"))
    at: Mapped[datetime]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    call_id: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column(default="")  # phone, page, api, supervisor NAME; "" the router

    __table_args__ = (Index("presence_events_of", "code", "at"),)
