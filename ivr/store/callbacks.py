"""Wishes of callers to be called back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.store.schema import CallbackRequest


def add(session: Session, call_id: str, queue: str, number: str, language: str, now: datetime) -> bool:
    """Store a wish. One number has one live wish: a second one changes nothing and keeps the place of the first;
    then it is False."""
    live = select(CallbackRequest.call_id).where(CallbackRequest.number == number, CallbackRequest.state == "waiting")
    if session.scalar(live.limit(1)) is not None:
        return False
    session.add(
        CallbackRequest(call_id=call_id, queue=queue, number=number, language=language, asked_at=now, state="waiting")
    )
    session.flush()
    return True


def waiting(session: Session, queue: str = "", limit: int = 200) -> Sequence[CallbackRequest]:
    """Oldest first."""
    chosen = select(CallbackRequest).where(CallbackRequest.state == "waiting")
    if queue:
        chosen = chosen.where(CallbackRequest.queue == queue)
    return session.scalars(chosen.order_by(CallbackRequest.asked_at, CallbackRequest.call_id).limit(limit)).all()
