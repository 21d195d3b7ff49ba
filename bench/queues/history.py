"""What the store alone tells of a load: each call's way through its queue, and each operator's changes."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from ivr.acd import day
from ivr.store.database import Database
from ivr.store.schema import Call, JourneyEntry, Operator, OutboxEntry, PresenceEvent, Ticket

TAKEN_BACK = ("offer-missed", "offer-withdrawn")
WAITS_AGAIN = ("queue", "operator-lost", *TAKEN_BACK)


@dataclass(frozen=True)
class Kind:
    """Of calls: equal ones may not overtake each other."""

    queue: str
    needs: tuple[str, ...] = ()
    priority: int = 0


@dataclass(frozen=True)
class Span:
    """Of time, in seconds since 1970. `operator`: who is rung, or speaks; "" while a call waits."""

    call: str
    begin: float
    end: float
    operator: str = ""

    def holds(self, at: float) -> bool:
        return self.begin <= at < self.end


@dataclass
class Way:
    """One call: `waits` for an operator and offered to nobody, `rings` at one, `talks` from the answer on."""

    call: str
    kind: Kind
    begun: float
    ended: float | None
    waits: list[Span] = field(default_factory=list)
    rings: list[Span] = field(default_factory=list)
    talks: list[Span] = field(default_factory=list)


@dataclass(frozen=True)
class Stands:
    """An operator stands so from `begin` to `end`."""

    state: str
    begin: float
    end: float
    call: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Staff:
    """One operator. `account`: the day, by `ivr.acd.day`."""

    code: str
    skills: Mapping[str, int]
    queues: frozenset[str]
    stands: Sequence[Stands]
    account: day.Day | None

    def fits(self, kind: Kind) -> bool:
        levels = (need.partition(">=") for need in kind.needs)
        able = all(self.skills.get(name, 0) >= int(least or 1) for name, _, least in levels)
        return bool(self.queues & {"all", kind.queue}) and able


@dataclass(frozen=True)
class History:
    """`tickets`: how many each call has; `undelivered`: calls whose ticket is still to be made."""

    ways: Mapping[str, Way]
    staff: Mapping[str, Staff]
    tickets: Mapping[str, int]
    undelivered: frozenset[str]


def read(database: Database, kinds: Mapping[str, Kind], usual_level: int) -> History:
    """`kinds`: by the number that was dialled."""
    with database.read() as session:
        rows = list(session.scalars(select(Call)))
        notes = defaultdict(list)
        for note in session.scalars(select(JourneyEntry).order_by(JourneyEntry.call_id, JourneyEntry.seq)):
            notes[note.call_id].append(note)
        changes = defaultdict(list)
        for change in session.scalars(select(PresenceEvent).order_by(PresenceEvent.id)):
            changes[change.code].append(change)
        operators = list(session.scalars(select(Operator)))
        tickets = Counter(session.scalars(select(Ticket.call_id)))
        undelivered = frozenset(session.scalars(select(OutboxEntry.call_id).where(OutboxEntry.delivered_at.is_(None))))
    ways = {row.id: _way(row, kinds[row.called], notes[row.id]) for row in rows}
    staff = {row.code: _staff(row, changes[row.code], usual_level) for row in operators}
    return History(ways, staff, tickets, undelivered)


def _way(row: Call, kind: Kind, notes: Sequence[JourneyEntry]) -> Way:
    ended = row.ended_at.timestamp() if row.ended_at else None
    way = Way(row.id, kind, row.started_at.timestamp(), ended)
    waits: float | None = None
    rung: dict[str, float] = {}
    talks: tuple[str, float] | None = None
    for note in notes:
        at, operator = note.at.timestamp(), str(note.detail.get("operator", ""))
        if note.kind in ("operator-answered", *TAKEN_BACK) and operator in rung:
            way.rings.append(Span(row.id, rung.pop(operator), at, operator))
        if note.kind in WAITS_AGAIN and not rung:
            waits = at
        match note.kind:
            case "offer":
                rung[operator] = at
                if waits is not None:
                    way.waits.append(Span(row.id, waits, at))
                waits = None
            case "operator-answered":
                talks = (operator, at)
            case "ended" | "queue-exit":
                if waits is not None:
                    way.waits.append(Span(row.id, waits, at))
                way.rings += [Span(row.id, begin, at, code) for code, begin in rung.items()]
                waits, rung = None, {}
        if talks and note.kind in ("conversation-ended", "operator-lost", "ended"):
            way.talks.append(Span(row.id, talks[1], at, talks[0]))
            talks = None
    return way


def _staff(row: Operator, changes: Sequence[PresenceEvent], usual_level: int) -> Staff:
    ends = [change.at.timestamp() for change in changes[1:]] + [float("inf")]
    stands = [
        Stands(change.state, change.at.timestamp(), end, change.call_id, change.reason)
        for change, end in zip(changes, ends, strict=True)
    ]
    account = None
    if changes:
        begin, end = changes[0].at, changes[-1].at
        account = day.account(changes, begin.replace(microsecond=0), end, end)
    skills = dict.fromkeys(row.languages, usual_level) | row.skills
    return Staff(row.code, skills, frozenset(row.queues), stands, account)
