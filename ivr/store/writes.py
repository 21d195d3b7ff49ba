"""What a call must have written, as data: while the database is away it is kept in a file (`backlog`), and done later.

To call one does it. `again` does it when it may have been done already: the answer to a commit may be lost with the
connection, and a crash may come between the last commit and the file's end.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar, NotRequired, TypedDict

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.store import audit, callbacks, calls, operators
from ivr.store.schema import JourneyEntry

INSTANT = timedelta(microseconds=1)


class Beginning(TypedDict):
    """A row of `calls`, as far as it is known then."""

    id: str
    channel: str
    controller: str
    called: str
    caller: str
    flow: str
    version: int
    started_at: datetime
    callback_of: NotRequired[str]


class Entry(TypedDict):
    """A row of `journey`."""

    call_id: str
    seq: int
    at: datetime
    kind: str
    node: str
    detail: dict[str, Any]


class Ending(TypedDict):
    """What `calls.finish` takes."""

    ended_at: datetime
    ticket_due_at: datetime
    outcome: str
    language: str
    flow: str
    version: int
    queue: str
    operator: str
    disposition: str
    waited: float
    talked: float
    ticket: dict[str, Any]
    survey: dict[str, dict[str, int | None]]


class Write(msgspec.Struct, frozen=True, tag=True):
    """`answer`: what is told instead of the result, while it waits in the backlog."""

    answer: ClassVar[Any] = None

    def __call__(self, session: Session) -> Any:
        raise NotImplementedError

    def again(self, session: Session) -> None:
        self(session)


class StartCall(Write, frozen=True):
    row: Beginning

    def __call__(self, session: Session) -> None:
        calls.start(session, **self.row)

    def again(self, session: Session) -> None:
        if calls.get(session, self.row["id"]) is None:
            self(session)


class AddJourney(Write, frozen=True):
    rows: list[Entry]

    def __call__(self, session: Session) -> None:
        calls.add_journey(session, self.rows)  # type: ignore[arg-type]  # a TypedDict is no dict for a type checker

    def again(self, session: Session) -> None:
        mine = {row["call_id"] for row in self.rows}
        chosen = select(JourneyEntry.call_id, JourneyEntry.seq).where(JourneyEntry.call_id.in_(mine))
        there = {tuple(row) for row in session.execute(chosen)}
        if missing := [row for row in self.rows if (row["call_id"], row["seq"]) not in there]:
            AddJourney(missing)(session)


class FinishCall(Write, frozen=True):
    """`served`: the number that need not be called back any more from the queue, "" for none. `by`: the controller that
    says so; nothing is written when another has the call, and its result is False. `last`: the journey's end."""

    answer: ClassVar[Any] = True
    call: str
    facts: Ending
    served: str = ""
    by: str = ""
    last: Entry | None = None

    def __call__(self, session: Session) -> bool:
        ours = calls.finish(session, self.call, by=self.by, **self.facts)
        if ours and self.last:
            AddJourney([self.last])(session)
        if ours and self.served:
            callbacks.cancel(session, self.served, self.facts["queue"], self.call, self.facts["ended_at"])
        return ours


class TakeCalls(Write, frozen=True):
    """Calls of a controller that is dead are another's."""

    calls: list[str]
    former: str
    new: str

    def __call__(self, session: Session) -> None:
        calls.take(session, self.former, self.new, set(self.calls).__contains__)


class AskTicket(Write, frozen=True):
    call: str
    said: dict[str, Any]
    language: str
    at: datetime

    def __call__(self, session: Session) -> None:
        calls.ask_ticket(session, self.call, self.said, self.language, self.at)


class SetDisposition(Write, frozen=True):
    call: str
    disposition: str
    at: datetime

    def __call__(self, session: Session) -> None:
        calls.set_disposition(session, self.call, self.disposition, self.at)


class AddCallback(Write, frozen=True):
    """Its result says whether the wish is new, which it is taken for while it waits."""

    answer: ClassVar[Any] = True
    call: str
    queue: str
    number: str
    language: str
    at: datetime
    skills: tuple[str, ...]
    priority: int
    waited: float

    def __call__(self, session: Session) -> bool:
        return callbacks.add(
            session,
            self.call,
            self.queue,
            self.number,
            self.language,
            self.at,
            skills=self.skills,
            priority=self.priority,
            waited=self.waited,
        )


class SetPresence(Write, frozen=True):
    operator: str
    state: str
    at: datetime
    reason: str = ""
    call: str = ""
    phone: str = ""
    by: str = ""

    def __call__(self, session: Session) -> None:
        said = {"reason": self.reason, "call": self.call, "phone": self.phone, "by": self.by}
        operators.set_presence(session, self.operator, self.state, self.at, **said)


class Audit(Write, frozen=True):
    user: str
    action: str
    subject: str
    at: datetime | None = None

    def __call__(self, session: Session) -> None:
        audit.write(session, self.user, self.action, self.subject, at=self.at)

    def again(self, session: Session) -> None:
        if self.at:
            said = audit.find(
                session,
                user=self.user,
                action=self.action,
                subject=self.subject,
                since=self.at,
                until=self.at + INSTANT,
            )
            if said:
                return
        self(session)


Kept = StartCall | AddJourney | FinishCall | TakeCalls | AskTicket | SetDisposition | AddCallback | SetPresence | Audit
