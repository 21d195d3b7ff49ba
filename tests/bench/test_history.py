"""What the load's report reads from the store."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from bench.queues.history import Kind, Span, read
from ivr.store import calls, operators
from ivr.store.database import Database

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
BEGUN = NOON.timestamp()
TAX = Kind("tax", ("it",))


def _call(session: Session, id: str, ends: float, *notes: tuple[float, str, str]) -> None:
    """`notes`: (seconds after noon, kind, operator)."""
    calls.start(
        session, id=id, channel=id, controller="one", called="+39", caller="", flow="f", version=1, started_at=NOON
    )  # fmt: skip
    rows: list[dict[str, Any]] = [
        {
            "call_id": id,
            "seq": number,
            "at": NOON + timedelta(seconds=at),
            "kind": kind,
            "node": "",
            "detail": {"operator": operator} if operator else {},
        }
        for number, (at, kind, operator) in enumerate(notes, 1)
    ]
    calls.add_journey(session, rows)
    end = NOON + timedelta(seconds=ends)
    calls.finish(session, id, ended_at=end, ticket_due_at=end, survey={}, outcome="served")


def _span(call: str, begin: float, end: float, operator: str = "") -> Span:
    return Span(call, BEGUN + begin, BEGUN + end, operator)


def test_the_way_of_a_call_and_the_stands_of_an_operator(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    database.migrate()
    with database.transaction() as session:
        operators.add(session, "4271", "Anna", ["it"], ["tax"], NOON, {"rates": 7})
        for at, state in ((5, "offered"), (6, "talking"), (9, "wrap-up"), (11, "ready")):
            operators.set_presence(session, "4271", state, NOON + timedelta(seconds=at), call="a" if at < 11 else "")
        _call(
            session, "a", 10,
            (1, "queue", ""), (2, "offer", "1"), (4, "offer-missed", "1"), (5, "offer", "4271"),
            (6, "operator-answered", "4271"), (7, "connected", ""), (9, "conversation-ended", ""), (10, "ended", ""),
        )  # fmt: skip
        _call(session, "b", 3, (1, "queue", ""), (3, "ended", ""))
        _call(session, "c", 3, (1, "queue", ""), (2, "offer", "1"), (3, "ended", ""))
        _call(session, "d", 5, (1, "queue", ""), (2, "offer", "1"), (3, "offer-withdrawn", "1"), (5, "ended", ""))
    history = read(database, {"+39": TAX}, 5)
    a, b, c, d = (history.ways[call] for call in "abcd")
    assert a.waits == [_span("a", 1, 2), _span("a", 4, 5)]
    assert a.rings == [_span("a", 2, 4, "1"), _span("a", 5, 6, "4271")]
    assert a.talks == [_span("a", 6, 9, "4271")]
    assert (b.waits, b.rings, b.talks) == ([_span("b", 1, 3)], [], [])
    assert (c.waits, c.rings) == ([_span("c", 1, 2)], [_span("c", 2, 3, "1")])
    assert (d.waits, d.rings) == ([_span("d", 1, 2), _span("d", 3, 5)], [_span("d", 2, 3, "1")])
    assert history.undelivered == {"a", "b", "c", "d"} and not history.tickets
    anna = history.staff["4271"]
    assert [(one.state, one.end - BEGUN) for one in anna.stands[:3]] == [
        ("offered", 6),
        ("talking", 9),
        ("wrap-up", 11),
    ]
    assert anna.account is not None and anna.account.seconds == sum(anna.account.states.values()) == 6
    assert anna.fits(TAX) and anna.fits(Kind("tax", ("rates>=7",))) and not anna.fits(Kind("tax", ("rates>=8",)))
    assert not anna.fits(Kind("send", ("it",)))
