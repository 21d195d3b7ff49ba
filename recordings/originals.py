"""Who may hear the original of a recording, voices as they are: one person asks and says why, another approves, and
then that one may, for a time. Each step is in the audit, which keeps it when the recording is gone."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.problem import Problem, WrongUse
from ivr.store import audit
from ivr.store.schema import OriginalRequest, Recording

ONE_LISTENING = timedelta(minutes=10)
DESTROYED = "this original was destroyed when its anonymised copy was there, as the settings say: only that is left"


class Refusal(Problem):
    """What was asked for is not given. The message says why; `code` too, for the pages and their languages."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def ask(session: Session, recording_id: str, *, reason: str, by: str) -> OriginalRequest:
    """Raises WrongUse without a reason, Refusal."""
    if not reason.strip():
        raise WrongUse("say why this original must be heard: a reason is needed")
    recording = session.get(Recording, recording_id)
    if recording is None:
        raise Refusal("unknown", f"there is no recording {recording_id}; write the whole id, see `ivr recordings list`")
    if recording.purged_at:
        raise Refusal("deleted", f"recording {recording_id} was deleted: its time was over")
    if recording.original_gone_at:
        raise Refusal("destroyed", DESTROYED)
    request = OriginalRequest(
        recording_id=recording_id, reason=reason.strip(), asked_by=by, asked_at=datetime.now(UTC), approved_at=None,
        until=None,
    )  # fmt: skip
    session.add(request)
    session.flush()
    audit.write(session, by, "ask-for-original", recording_id, f"{request.id}: {request.reason}")
    return request


def approve(session: Session, id: int, *, by: str, seconds: float) -> OriginalRequest:
    """From now on, for so many seconds, whoever asked may hear it. Raises Refusal, also for one's own request."""
    request = session.get(OriginalRequest, id, with_for_update=True)
    if request is None:
        raise Refusal("unknown", f"there is no request {id}; see `ivr originals list`")
    if request.approved_at:
        raise Refusal("approved-before", f"request {id} was approved before, by {request.approved_by}")
    if request.asked_by == by:
        raise Refusal("own", f"request {id} is your own: somebody else must approve it")
    now = datetime.now(UTC)
    request.approved_by, request.approved_at, request.until = by, now, now + timedelta(seconds=seconds)
    audit.write(session, by, "approve-original", request.recording_id, f"{id} for {request.asked_by}")
    return request


def permission(session: Session, recording_id: str, user: str, now: datetime) -> OriginalRequest:
    """The approved request by which the user may hear the original now. Raises Refusal, which says what to do."""
    chosen = select(OriginalRequest).where(OriginalRequest.recording_id == recording_id)
    requests = session.scalars(chosen.where(OriginalRequest.asked_by == user).order_by(OriginalRequest.until)).all()
    approved = [one for one in requests if one.until]
    if not requests:
        raise Refusal("not-asked", "ask for this original first; you may hear it when somebody else has approved")
    if not approved:
        raise Refusal("not-approved", "you have asked for this original, and nobody has approved yet")
    last = approved[-1]
    assert last.until
    if last.until <= now:
        raise Refusal("over", f"your time for this original ended at {last.until:%Y-%m-%d %H:%M} UTC; ask anew")
    return last


def listens(session: Session, recording_id: str, *, by: str, how: str, now: datetime) -> None:
    """To be said before anything is heard. A player asks for one range after another; what one person asks for within
    ten minutes is one listening, which is in the audit once, from its first moment: an entry is never changed. So
    nothing is heard later than ten minutes after an entry was made. `how`: role or request, another is another
    listening."""
    told = f"original, {how}"
    before = audit.find(session, user=by, action="listen", subject=recording_id, since=now - ONE_LISTENING)
    if all(entry.detail != told for entry in before):
        audit.write(session, by, "listen", recording_id, told)


def heard_by(session: Session, user: str, now: datetime) -> set[str]:
    """The recordings whose originals the user may hear now."""
    chosen = select(OriginalRequest.recording_id).where(OriginalRequest.asked_by == user)
    return set(session.scalars(chosen.where(OriginalRequest.until > now)))


def find(session: Session, *, by: str | None = None, limit: int = 200) -> Sequence[OriginalRequest]:
    """The newest first. `by`: only those of this user."""
    chosen = select(OriginalRequest).order_by(OriginalRequest.id.desc()).limit(limit)
    return session.scalars(chosen if by is None else chosen.where(OriginalRequest.asked_by == by)).all()
