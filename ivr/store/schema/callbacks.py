"""Callers' wishes to be called back, and how that went."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.store.schema.base import Base

LIVE_WISH = text("state IN ('waiting', 'calling')")


class CallbackRequest(Base):
    """A caller's wish to be called back by a queue. `state`: waiting, calling (a controller has it, until
    `held_until`), done, given-up, cancelled. A number has one wish that is waiting or calling."""

    __tablename__ = "callback_requests"
    __table_args__ = (
        Index("callback_requests_live", "state", "number"),
        Index("callback_requests_one", "number", unique=True, sqlite_where=LIVE_WISH, postgresql_where=LIVE_WISH),
    )
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    queue: Mapped[str]
    number: Mapped[str]  # E.164: personal data, never in a log
    language: Mapped[str]
    asked_at: Mapped[datetime]
    state: Mapped[str]
    since: Mapped[datetime]  # when the caller began to wait in that queue: the place that is kept
    skills: Mapped[list[str]]
    priority: Mapped[int]
    due_at: Mapped[datetime]  # no try before
    tries: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str] = mapped_column(default="")  # the controller
    held_until: Mapped[datetime | None]
    attempt: Mapped[str] = mapped_column(default="")  # id of the call that is being made


class CallbackTry(Base):
    """One time that a citizen's phone was rung: `result` is ringing, or spoken, no-answer, busy, refused, unreachable,
    hung-up (before the operator), short (an answering machine, most likely), operator-left, lost (a crash)."""

    __tablename__ = "callback_tries"
    attempt: Mapped[str] = mapped_column(primary_key=True)  # the id of its call, which has a row when it was answered
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), index=True)  # of the wish
    at: Mapped[datetime]
    operator: Mapped[str]
    result: Mapped[str]
    ended_at: Mapped[datetime | None]
