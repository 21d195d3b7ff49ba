"""Anonymised copies in the store: which recordings wait for one, who is at it, which were set aside, and why.

Who claims a recording has it for a lease, by the database's clock, and renews that while it is at it. Each claim has a
number, larger than those before. What a claim leads to is written only while its number is the largest: so one that
stood still beyond its lease, and wakes up, changes nothing that another has made.

Locks are taken in one order: the row here, then the recording's, then its keys; the purge does so, too.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from ivr.store import leases
from ivr.store.schema import Anonymisation, Recording

log = logging.getLogger(__name__)
LEASE = 60.0  # seconds
MOST = 6  # attempts until it is set aside


@dataclass(frozen=True)
class Claim:
    """`profile`: "" for what the settings say. `attempts`: this one among them."""

    recording_id: str
    number: int
    call_id: str
    day: date
    rate: int
    seconds: float
    profile: str
    attempts: int


@dataclass(frozen=True)
class Figures:
    """`oldest`: for how many seconds the one that waits longest has been waiting; 0 when none waits."""

    waiting: int
    failed: int
    oldest: float


def want(session: Session, recording_ids: Collection[str], profile: str = "", *, in_turn: bool = False) -> None:
    """Copies are to be made; those that are there stay in place until then. Who is at one now has lost it. `in_turn`:
    by the age of the recordings; else before all that were asked for until now."""
    now = leases.now(session)
    of_these = select(Anonymisation).where(Anonymisation.recording_id.in_(recording_ids))
    jobs = {job.recording_id: job for job in session.scalars(of_these.with_for_update())}
    for recording in session.scalars(select(Recording).where(Recording.id.in_(recording_ids))):
        job = jobs.get(recording.id)
        if job is None:
            job = Anonymisation(recording_id=recording.id)
            session.add(job)
        elif job.held_until:
            recording.copies += 1
        job.state, job.profile, job.attempts, job.asked_at = "waiting", profile, 0, now
        job.due_at = recording.stored_at if in_turn else now
        job.holder, job.held_until, job.problem, job.last_error, job.destroy = "", None, "", "", False


def claim(session: Session, holder: str) -> Claim | None:
    """One that is due and that nobody has. What became due last comes first, so that what was said just now can be
    heard at once, however many old ones wait. None: there is none."""
    while True:
        now = leases.now(session)
        free = or_(Anonymisation.held_until.is_(None), Anonymisation.held_until < now)
        chosen = select(Anonymisation).where(Anonymisation.state == "waiting", Anonymisation.due_at <= now, free)
        newest = chosen.order_by(Anonymisation.due_at.desc()).limit(1)
        job = session.scalar(newest.with_for_update(skip_locked=True).execution_options(populate_existing=True))
        if job is None:
            return None
        if job.held_until:
            job.problem, job.last_error = "ended", f"{job.holder} ended, or stood still, while it was at it"
            if job.attempts >= MOST:
                _set_aside(job)
                session.flush()
                continue
        recording = session.get_one(Recording, job.recording_id, populate_existing=True)
        recording.copies += 1
        job.attempts += 1
        job.holder, job.held_until = holder, now + timedelta(seconds=LEASE)
        return Claim(
            recording_id=recording.id,
            number=recording.copies,
            call_id=recording.call_id,
            day=recording.day,
            rate=recording.rate,
            seconds=recording.seconds,
            profile=job.profile,
            attempts=job.attempts,
        )


def renew(session: Session, claim: Claim) -> bool:
    """For another lease; False: it is not ours any more."""
    job = _mine(session, claim)
    if job:
        job.held_until = leases.now(session) + timedelta(seconds=LEASE)
    return job is not None


def finish(session: Session, claim: Claim, *, profile: str, report: dict[str, Any], destroy: bool) -> bool:
    """The copy of this number is in place, with what else the transaction writes. False: it is not ours any more, and
    nothing may be written."""
    job = _mine(session, claim)
    if job is None:
        return False
    job.state, job.made_at, job.made_with, job.report = "done", leases.now(session), profile, report
    job.holder, job.held_until, job.problem, job.last_error, job.destroy = "", None, "", "", destroy
    return True


def put_off(session: Session, claim: Claim, problem: str, error: str, pause: float, *, counts: bool = True) -> None:
    """It did not work: it is due again after `pause` seconds, or, after as many attempts as there are, set aside.
    `counts`: it was due to the recording."""
    job = _mine(session, claim)
    if job is None:
        return
    job.attempts -= not counts
    job.holder, job.held_until, job.problem, job.last_error = "", None, problem, error[:500]
    job.due_at = leases.now(session) + timedelta(seconds=pause)
    if job.attempts >= MOST:
        _set_aside(job)


def release(session: Session, claim: Claim) -> None:
    """Whoever had it ends: another takes it at once."""
    job = _mine(session, claim)
    if job:
        job.attempts -= 1
        job.holder, job.held_until = "", None


def get(session: Session, recording_id: str) -> Anonymisation | None:
    return session.get(Anonymisation, recording_id)


def find(
    session: Session, states: Collection[str] = ("failed", "waiting"), limit: int = 500
) -> Sequence[Anonymisation]:
    """Those that were set aside first, then the oldest."""
    last = case((Anonymisation.state == "failed", 0), else_=1)
    chosen = select(Anonymisation).where(Anonymisation.state.in_(states))
    return session.scalars(chosen.order_by(last, Anonymisation.asked_at).limit(limit)).all()


def figures(session: Session) -> Figures:
    counted = select(func.count(), func.min(Anonymisation.asked_at)).where(Anonymisation.state == "waiting")
    waiting, since = session.execute(counted).one()
    failed = session.scalar(select(func.count()).where(Anonymisation.state == "failed")) or 0
    return Figures(waiting, failed, _age(leases.now(session), since) if since else 0.0)


def _age(now: datetime, since: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


def _mine(session: Session, claim: Claim) -> Anonymisation | None:
    """Locked. None when somebody has claimed it since, it was asked for anew, or the recording was deleted."""
    job = session.get(Anonymisation, claim.recording_id, with_for_update=True)
    if job is None:
        return None
    recording = session.get_one(Recording, claim.recording_id, populate_existing=True)
    return job if job.state == "waiting" and recording.copies == claim.number else None


def _set_aside(job: Anonymisation) -> None:
    job.state, job.holder, job.held_until = "failed", "", None
    log.error(
        "a recording cannot be anonymised and is set aside after %d attempts: %s; `ivr recordings pending` lists it",
        job.attempts,
        job.last_error,
        extra={"recording": job.recording_id},
    )
