"""How many calls of a queue were answered in time: counted by the database, from the calls that are over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from ivr.store.schema import Call


@dataclass(frozen=True)
class Level:
    """`abandoned`: those who hung up only after the time that the level allows; who hung up before is not counted."""

    answered: int
    in_time: int
    abandoned: int

    @property
    def share(self) -> float | None:
        """Answered in time, of all that are counted; None of none."""
        counted = self.answered + self.abandoned
        return self.in_time / counted if counted else None


def levels(session: Session, within: Mapping[str, float], since: datetime) -> dict[str, Level]:
    """By queue, of the calls that ended since then. `within`: queue → seconds in which a call is to be answered. A call
    counts for the queue that it was in last, with all that it has waited."""
    if not within:
        return {}
    served, gave_up = Call.outcome == "served", Call.outcome == "abandoned"
    in_time = or_(*((Call.queue == queue) & (Call.waited <= seconds) for queue, seconds in within.items()))
    count = [func.count(case((which, 1))) for which in (served, served & in_time, gave_up & ~in_time)]
    chosen = select(Call.queue, *count).where(Call.ended_at >= since, Call.queue.in_(within)).group_by(Call.queue)
    return {queue: Level(*numbers) for queue, *numbers in session.execute(chosen)}
