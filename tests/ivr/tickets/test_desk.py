"""The embedded desk: states, the clock, history, and what the call says later, on both stores."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy.orm import Session

from ivr.store import audit, calls
from ivr.store.database import Database
from ivr.store.schema import OutboxEntry, Ticket, User
from ivr.tickets import desk, embedded
from ivr.tickets.backend import Refused
from ivr.tickets.clock import Terms
from ivr.tickets.desk import DeskError, UnknownTicket
from ivr.tickets.embedded import Embedded
from ivr.tickets.outbox import deliver_due
from ivr.tickets.outcome import Draft, Policy
from ivr.tickets.table import Row, When
from tests.ivr.tickets.ends import NOW, end_a_call

TERMS = Terms({"A": 3600.0, "I": 7200.0})


def draft(call: str = "c", **values: Any) -> Draft:
    return Draft(**{"call_id": call, "type": "A", "subject": "A payment", "fields": {"operator": "4271"}, **values})


def put(database: Database, *drafts: Draft) -> list[str]:
    return Embedded(database, TERMS).put(drafts)


def ticket(database: Database, number: int = 1) -> Ticket:
    with database.read() as session:
        return session.get_one(Ticket, number)


Change = Callable[..., None]


@pytest.fixture
def change(database: Database) -> Change:
    """`change("state", "open")`, at most a second after the ticket was made unless `after` says otherwise."""

    def make(what: str, value: str, *, after: float = 0.0, by: str = "rossi", number: int = 1) -> None:
        with database.transaction() as session:
            made = session.get(Ticket, number)
            now = (made.created_at if made else datetime.now(UTC)) + timedelta(seconds=after)
            desk.change(session, number, what, value, by=by, now=now, terms=TERMS)

    return make


def history(database: Database, number: int = 1) -> list[tuple[str, str, str, str]]:
    with database.read() as session:
        return [(one.by, one.what, one.old, one.new) for one in desk.whole(session, number).changes]


def test_each_change_is_in_the_history_and_in_the_audit(database: Database, change: Change) -> None:
    assert put(database, draft()) == ["1"]
    with database.transaction() as session:
        session.add(User(name="bianchi", password="", role="operator", created_at=datetime.now(UTC)))
    for what, value in (
        ("assignee", "bianchi"), ("state", "open"), ("type", "I"), ("queue", "privacy"), ("priority", "high"),
        ("subject", " Another  one\x00 "), ("specialist", "yes"), ("specialist", "yes"), ("state", "open"),
    ):  # fmt: skip
        change(what, value)
    assert history(database) == [
        ("rossi", "assignee", "", "bianchi"),
        ("rossi", "state", "new", "open"),
        ("rossi", "type", "A", "I"),
        ("rossi", "queue", "", "privacy"),
        ("rossi", "priority", "normal", "high"),
        ("rossi", "subject", "A payment", "Another one"),
        ("rossi", "specialist", "no", "yes"),
    ], "what it was already leaves no trace"
    with database.read() as session:
        told = [(one.user, one.action, one.subject, one.detail) for one in audit.find(session)]
    assert told[0] == ("rossi", "ticket-specialist", "1", "True") and len(told) == 7
    assert all("Another one" not in one[3] for one in told), "a subject may name somebody"


@pytest.mark.parametrize(
    ("what", "value", "problem"),
    [
        ("state", "new", "cannot become 'new'; waiting, resolved, closed"),
        ("state", "shut", "cannot become 'shut'"),
        ("type", "X", "type: 'X' is none of Q, PQ"),
        ("priority", "", "priority: '' is none of low"),
        ("assignee", "nobody", "there is no user 'nobody'"),
        ("subject", "  ", "subject: has 0 characters"),
        ("subject", "x" * 201, "201 characters"),
        ("queue", "x" * 201, "201 characters"),
        ("specialist", "maybe", "neither yes nor no"),
        ("number", "3", "number: cannot be changed"),
        ("caller", "x", "caller: cannot be changed"),
    ],
)
def test_what_cannot_be(database: Database, change: Change, what: str, value: str, problem: str) -> None:
    put(database, draft())
    change("state", "open")
    with pytest.raises(DeskError, match=problem):
        change(what, value)
    assert len(history(database)) == 1


def test_tickets_that_are_not_there(database: Database, change: Change) -> None:
    with pytest.raises(UnknownTicket, match="there is no ticket 17"):
        change("state", "open", number=17)
    with pytest.raises(UnknownTicket), database.transaction() as session:
        desk.comment(session, 17, "x", by="rossi", now=datetime.now(UTC))
    with pytest.raises(Refused, match="there is no ticket 17"):
        Embedded(database).comment("17", "x")


def test_the_clock_stands_still_while_it_waits_and_goes_on_when_it_is_opened_again(
    database: Database, change: Change
) -> None:
    put(database, draft())
    made = ticket(database).created_at

    def clock() -> tuple[float | None, float | None]:
        one = ticket(database)
        return (one.due_at - made).total_seconds() if one.due_at else None, one.time_left

    assert clock() == (3600.0, None)
    change("state", "waiting", after=600)
    assert clock() == (None, 3000.0)
    change("state", "open", after=10_000)
    assert clock() == (13_000.0, None)
    change("state", "resolved", after=14_000)
    assert clock() == (None, -1000.0), "it is late for good"
    change("state", "closed", after=15_000)
    change("state", "open", after=20_000)
    assert clock() == (19_000.0, None)
    change("type", "I", after=20_000)
    assert clock() == (22_600.0, None), "another type: 4600 s are spent of two hours"
    change("type", "Q", after=20_000)
    assert clock() == (None, None), "a type without a target"


def test_what_the_call_says_later_does_not_undo_what_people_did(database: Database, change: Change) -> None:
    put(database, draft())
    put(database, draft(type="I", priority="high"))
    one = ticket(database)
    assert (one.type, one.priority) == ("I", "high")
    assert history(database) == [("operator 4271", "type", "A", "I"), ("operator 4271", "priority", "normal", "high")]
    change("type", "PI")
    put(database, draft(type="Q", priority="high", fields={"operator": "4271", "note": "call again"}, state="closed"))
    one = ticket(database)
    assert (one.type, one.state, one.fields["note"]) == ("PI", "closed", "call again")
    change("state", "open")
    put(database, draft(type="Q", priority="high", state="closed"))
    assert ticket(database).state == "open"


def test_one_that_nothing_is_left_to_do_of_begins_closed(database: Database) -> None:
    put(database, draft("b", type="B", state="closed", fields={"operator": ""}), draft("q", type="A", state="closed"))
    assert history(database, 1) == [("", "state", "new", "closed")]
    assert history(database, 2) == [("operator 4271", "state", "new", "closed")]
    assert ticket(database, 2).due_at is None


def test_the_same_batch_again_and_by_two_at_once(database: Database) -> None:
    drafts = [draft(f"c{number}", links={"https://x/1": "recording"}) for number in range(30)]
    numbers: list[list[str]] = []
    workers = [Thread(target=lambda: numbers.append(put(database, *drafts))) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert numbers[0] == numbers[1] == numbers[2] and len(set(numbers[0])) == 30
    with database.read() as session:
        assert len(embedded.recent(session, limit=100)) == 30
        whole = desk.whole(session, 1)
    assert whole.changes == [] and [(one.url, one.title) for one in whole.links] == [("https://x/1", "recording")]


def test_comments(database: Database) -> None:
    put(database, draft())
    backend = Embedded(database)
    backend.comment("1", "survey: 5")
    backend.comment("1", "survey: 5")
    backend.attach("1", "recording", "https://x/1")
    backend.attach("1", "recording", "https://x/1")

    def say(text: str) -> Callable[[Session], Any]:
        return lambda session: desk.comment(session, 1, text, by="rossi", now=datetime.now(UTC))

    texts = ["日本 👩‍👩‍👧\x00\n=1+1", "<b>x</b>", "x" * 100_000]
    for text in texts:
        with database.transaction() as session:
            say(text)(session)
    for text, problem in (("\x00 \n", "comment: is empty"), ("x" * 100_001, "100001 characters are too many")):
        with pytest.raises(DeskError, match=problem), database.transaction() as session:
            say(text)(session)
    with database.read() as session:
        whole = desk.whole(session, 1)
    assert [one.text for one in whole.comments] == ["survey: 5", texts[0].replace("\x00", ""), *texts[1:]]
    assert [one.by for one in whole.comments] == ["", "rossi", "rossi", "rossi"] and len(whole.links) == 1


def test_how_it_stands_is_told_in_the_words_of_all_backends(database: Database, change: Change) -> None:
    put(database, draft())
    for state, told in (("waiting", "waiting"), ("resolved", "closed"), ("closed", "closed"), ("open", "open")):
        change("state", state)
        assert Embedded(database).find(["c", "d"])["c"].state == told


def test_where_a_caller_gave_up_decides(database: Database) -> None:
    """The table is given what the journey says, by the outbox."""
    table = (
        Row(when=When(outcome=("abandoned",), place=("ringing",)), type="A"),
        Row(when=When(outcome=("abandoned",), place=("queue",)), type="I"),
        Row(type="B"),
    )
    for call, kinds in (("a", "queue offer"), ("b", "queue offer offer-missed"), ("c", "node")):
        end_a_call(database, call, "abandoned", wrap_up=0)
        with database.transaction() as session:
            rows = [
                {"call_id": call, "seq": n, "at": NOW, "kind": kind, "node": "", "detail": {"operator": "4271"}}
                for n, kind in enumerate([*kinds.split(), "caller-hung-up", "offer-withdrawn"])
            ]
            calls.add_journey(session, rows)
    assert deliver_due(database, Embedded(database), Policy(table), NOW) == 3
    with database.read() as session:
        assert {one.call_id: one.type for one in embedded.recent(session)} == {"a": "A", "b": "I", "c": "B"}


def test_the_calls_record_follows_at_once(database: Database) -> None:
    end_a_call(database, wrap_up=0)
    deliver_due(database, Embedded(database), Policy(), NOW)

    def entry() -> tuple[str, str]:
        with database.read() as session:
            one = session.get_one(OutboxEntry, "c")
            return one.reference, one.state

    assert entry() == ("1", "new")
    for state, known in (("waiting", "waiting"), ("closed", "closed")):
        with database.transaction() as session:
            desk.change(session, 1, "state", state, by="rossi", now=NOW, terms=Terms())
        assert entry() == ("1", known)
