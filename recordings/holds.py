"""Legal holds: what is held is not deleted when its time is over, through the day `until`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ivr.problem import Problem, WrongUse
from ivr.store import audit
from ivr.store.database import Database
from ivr.store.schema import Call, Hold, OutboxEntry, Recording, Ticket
from recordings import ledger
from recordings.retention import holds
from recordings.stores import Store


class HoldError(Problem):
    """What cannot be held, or a hold that cannot be lifted; the message says why."""


@dataclass(frozen=True)
class Target:
    """`recording_id` is "" for all that there is of the call."""

    call_id: str
    recording_id: str = ""


def add(database: Database, store: Store, target: Target, *, reason: str, until: date, by: str, today: date) -> Hold:
    """Raises WrongUse, HoldError, StorageError. When it returns, no purge deletes what is held."""
    if not reason.strip():
        raise WrongUse("a hold needs a --reason")
    if until < today:
        raise WrongUse(f"--until {until}: that day is over; a hold lasts through a day to come")
    # No purge deletes meanwhile; what one has begun to delete is deleted by now, and cannot be held any more.
    with ledger.alone(database, store), database.transaction() as session:
        if target.recording_id and session.get_one(Recording, target.recording_id).purged_at:
            raise HoldError(f"recording {target.recording_id} was deleted: its time was over")
        hold = Hold(
            call_id=target.call_id, recording_id=target.recording_id, reason=reason, until=until, added_by=by,
            added_at=datetime.now(UTC), lifted_at=None,
        )  # fmt: skip
        session.add(hold)
        session.flush()
        told = f"{hold.id} until {until}: {reason}"
        audit.write(session, by, "hold", target.recording_id or target.call_id, told)
    return hold


def lift(session: Session, id: int, by: str) -> Hold:
    """Raises HoldError."""
    hold = session.get(Hold, id)
    if hold is None:
        raise HoldError(f"there is no hold {id}; see `ivr holds list`")
    if hold.lifted_at:
        raise HoldError(f"hold {id} was lifted before, by {hold.lifted_by}")
    hold.lifted_at, hold.lifted_by = datetime.now(UTC), by
    audit.write(session, by, "lift-hold", hold.recording_id or hold.call_id, str(id))
    return hold


def find(session: Session, today: date, *, all: bool = False) -> Sequence[Hold]:
    """Those that hold today, or all that ever were; the first to end first."""
    chosen = select(Hold).order_by(Hold.until, Hold.id)
    return session.scalars(chosen if all else chosen.where(holds(today))).all()


def target(session: Session, id: str) -> Target:
    """A recording or a call, by its id. Raises HoldError."""
    if recording := session.get(Recording, id):
        return Target(recording.call_id, recording.id)
    if session.get(Call, id):
        return Target(id)
    raise HoldError(f"there is no recording and no call {id}; write the whole id, see `ivr recordings list`")


def target_of_ticket(session: Session, number: str) -> Target:
    """The call of a ticket, by the number that the backend gave it. Raises HoldError."""
    own = int(number) if number.isdecimal() else -1
    chosen = select(Call.id).outerjoin(OutboxEntry, OutboxEntry.call_id == Call.id)
    chosen = chosen.outerjoin(Ticket, Ticket.call_id == Call.id)
    calls = session.scalars(chosen.where(or_(OutboxEntry.reference == number, Ticket.number == own))).all()
    if len(calls) != 1:
        many = "belongs to more than one call: name the call" if calls else "is no ticket of a call"
        raise HoldError(f"ticket {number} {many}; see `ivr tickets list`")
    return Target(calls[0])
