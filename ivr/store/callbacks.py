"""Wishes of callers to be called back, and what became of them.

A wish is waiting → calling → done, given-up, or waiting again; cancelled, when its caller was served meanwhile. Who
takes one (`claim`) has it for a lease, and renews that while it works on it; so it is worked on once, however many
controllers look, and a wish whose controller has died is taken up by another.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, and_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.store import calls
from ivr.store.schema import Call, CallbackRequest, CallbackTry

LIVE = ("waiting", "calling")
_FREE = {"holder": "", "held_until": None, "attempt": ""}


def add(
    session: Session,
    call_id: str,
    queue: str,
    number: str,
    language: str,
    now: datetime,
    *,
    skills: Collection[str] = (),
    priority: int = 0,
    waited: float = 0.0,
) -> bool:
    """Store a wish; `waited` are the seconds for which its caller has been in that queue. One number has one live wish:
    a second one changes nothing and keeps the place of the first; then it is False."""
    wish = CallbackRequest(
        call_id=call_id,
        queue=queue,
        number=number,
        language=language,
        asked_at=now,
        state="waiting",
        since=now - timedelta(seconds=waited),
        skills=list(skills),
        priority=priority,
        due_at=now,
    )
    live = select(CallbackRequest.call_id).where(CallbackRequest.number == number, CallbackRequest.state.in_(LIVE))
    if session.scalar(live.limit(1)) is not None:
        return False
    try:
        with session.begin_nested():
            session.add(wish)
    except IntegrityError:  # another controller was faster
        return False
    return True


def find(session: Session, queue: str = "", states: Collection[str] = LIVE, limit: int = 200) -> list[CallbackRequest]:
    """In the order of their turns. `states`: none for all."""
    chosen = select(CallbackRequest)
    if queue:
        chosen = chosen.where(CallbackRequest.queue == queue)
    if states:
        chosen = chosen.where(CallbackRequest.state.in_(states))
    return list(session.scalars(chosen.order_by(CallbackRequest.since, CallbackRequest.call_id).limit(limit)))


def get(session: Session, call_id: str) -> CallbackRequest | None:
    return session.get(CallbackRequest, call_id, populate_existing=True)


def tries(session: Session, call_id: str) -> Sequence[CallbackTry]:
    return session.scalars(select(CallbackTry).where(CallbackTry.call_id == call_id).order_by(CallbackTry.at)).all()


def free(session: Session, now: datetime, limit: int) -> list[CallbackRequest]:
    """Those that nobody has, the longest waiting first; whether it is their time is for others to say."""
    chosen = select(CallbackRequest).where(_nobodys(now)).order_by(CallbackRequest.since, CallbackRequest.call_id)
    return list(session.scalars(chosen.limit(limit).execution_options(populate_existing=True)))


def _nobodys(now: datetime) -> Any:
    expired = and_(CallbackRequest.state == "calling", CallbackRequest.held_until < now)
    return or_(CallbackRequest.state == "waiting", expired)


def claim(session: Session, call_id: str, holder: str, attempt: str, now: datetime, lease: float, most: int) -> bool:
    """Take a wish that nobody has. What a dead controller was doing is settled first: False when the citizen had been
    reached by then, or been rung `most` times."""
    wish = get(session, call_id)
    if wish and wish.state == "calling" and wish.held_until and wish.held_until < now:
        answered = session.get(Call, wish.attempt) is not None
        _note_end(session, wish.attempt, "spoken" if answered else "lost", now)
        if answered or wish.tries >= most:
            wish.state, wish.holder, wish.held_until = "done" if answered else "given-up", "", None
            session.flush()
            return False
    return _changed(
        session,
        update(CallbackRequest)
        .where(CallbackRequest.call_id == call_id, _nobodys(now))
        .values(state="calling", holder=holder, attempt=attempt, held_until=now + timedelta(seconds=lease)),
    )


def expire(session: Session, holder: str, live: Collection[str], now: datetime) -> list[str]:
    """The controller was started anew: what it had, but for the attempts that live, is free to be taken up. Returns
    these attempts."""
    mine = select(CallbackRequest).where(CallbackRequest.holder == holder, CallbackRequest.state == "calling")
    dead = [wish for wish in session.scalars(mine) if wish.attempt not in live]
    for wish in dead:
        wish.held_until = now - timedelta(seconds=1)
    return [wish.attempt for wish in dead]


def renew(session: Session, holder: str, live: Collection[str], now: datetime, lease: float) -> set[str]:
    """Ids of the wishes that `holder` has, now for another `lease` seconds. `live`: its attempts; those that a former
    life of it has left are not renewed."""
    mine = (
        CallbackRequest.holder == holder,
        CallbackRequest.state == "calling",
        CallbackRequest.attempt.in_(live),
    )
    session.execute(update(CallbackRequest).where(*mine).values(held_until=now + timedelta(seconds=lease)))
    return set(session.scalars(select(CallbackRequest.call_id).where(*mine)))


def ring(session: Session, call_id: str, attempt: str, operator: str, now: datetime) -> bool:
    """The citizen's phone will ring: a try is counted before, so that a crash can never make one too many. False: the
    wish was cancelled, or another controller has it."""
    counted = _changed(
        session,
        update(CallbackRequest)
        .where(CallbackRequest.call_id == call_id, CallbackRequest.attempt == attempt)
        .where(CallbackRequest.state == "calling", CallbackRequest.held_until > now)
        .values(tries=CallbackRequest.tries + 1),
    )
    if counted:
        session.add(
            CallbackTry(attempt=attempt, call_id=call_id, at=now, operator=operator, result="ringing", ended_at=None)
        )
    return counted


def release(session: Session, call_id: str, attempt: str, due_at: datetime) -> bool:
    """Nobody was rung: it waits on, in its place, and is not taken before `due_at`."""
    return _leave(session, call_id, attempt, state="waiting", due_at=due_at)


def end_try(session: Session, call_id: str, attempt: str, result: str, now: datetime, again: datetime | None) -> bool:
    """A try is over. It is done if they spoke; else it is due `again`, or given up (None). The ticket of the call in
    which it was asked for says what became of it."""
    _note_end(session, attempt, result, now)
    if result == "spoken":
        state, told = "done", f"spoken with, call {attempt}"
    elif again is None:
        state, told = "given-up", f"not reached ({result})"
    else:
        return _leave(session, call_id, attempt, state="waiting", due_at=again)
    if left := _leave(session, call_id, attempt, state=state):
        calls.add_to_ticket(session, call_id, {"callback": told}, now)
    return left


def cancel(session: Session, number: str, queue: str, by: str, now: datetime) -> None:
    """Who was served in that queue meanwhile (in call `by`) is not called back."""
    wish = session.scalar(
        select(CallbackRequest)
        .where(CallbackRequest.number == number, CallbackRequest.queue == queue, CallbackRequest.state.in_(LIVE))
        .execution_options(populate_existing=True)
    )
    if wish and wish.call_id != by:
        wish.state, wish.holder, wish.held_until = "cancelled", "", None
        calls.add_to_ticket(session, wish.call_id, {"callback": f"served meanwhile, call {by}"}, now)


def _leave(session: Session, call_id: str, attempt: str, **values: Any) -> bool:
    """Give up a claim; False when it is no longer ours."""
    mine = (CallbackRequest.call_id == call_id, CallbackRequest.attempt == attempt, CallbackRequest.state == "calling")
    return _changed(session, update(CallbackRequest).where(*mine).values(**_FREE, **values))


def _note_end(session: Session, attempt: str, result: str, now: datetime) -> None:
    ringing = (CallbackTry.attempt == attempt, CallbackTry.result == "ringing")
    session.execute(update(CallbackTry).where(*ringing).values(result=result, ended_at=now))


def _changed(session: Session, change: Any) -> bool:
    result: CursorResult[Any] = session.execute(change)  # type: ignore[assignment]
    return result.rowcount == 1
