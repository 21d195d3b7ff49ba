"""Calls, what happened in them, and what callers answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from ivr.store.schema.base import Base


class Call(Base):
    """One call of a citizen. `ended_at` is empty while it lives."""

    __tablename__ = "calls"
    __table_args__ = (Index("calls_of_caller", "caller", "started_at"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(index=True)
    controller: Mapped[str]
    called: Mapped[str]
    caller: Mapped[str]  # E.164, "" when withheld: personal data, never in a log
    flow: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=0)  # of the flows; 0 from before there were versions
    language: Mapped[str] = mapped_column(default="")
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(default="")
    queue: Mapped[str] = mapped_column(default="")
    operator: Mapped[str] = mapped_column(default="")
    disposition: Mapped[str] = mapped_column(default="")  # Q, PQ, A, PA, I, PI, or "" when none was given
    note: Mapped[str] = mapped_column(default="")  # what the operator wrote; it goes into the ticket
    waited: Mapped[float] = mapped_column(default=0.0)  # seconds in the queue
    talked: Mapped[float] = mapped_column(default=0.0)  # seconds with the operator
    ticket: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what the flow said: type, subject, fields
    callback_of: Mapped[str] = mapped_column(default="")  # the call in which this one was asked for


class JourneyEntry(Base):
    """One thing that happened in a call, in order: (call_id, seq)."""

    __tablename__ = "journey"
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    node: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class SurveyAnswer(Base):
    """`answer` is empty when the caller left that question unanswered."""

    __tablename__ = "survey_answers"
    __table_args__ = (Index("survey_answers_given", "question", "answer", "call_id"),)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    survey: Mapped[str] = mapped_column(primary_key=True)
    question: Mapped[str] = mapped_column(primary_key=True)
    answer: Mapped[int | None]
