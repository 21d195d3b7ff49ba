from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest

from ivr.store import calls
from ivr.store.database import Database
from ivr.tickets import embedded
from ivr.tickets.backend import BackendError
from ivr.tickets.embedded import Embedded
from ivr.tickets.outbox import deliver_due, pending
from ivr.tickets.outcome import Draft, Types

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def end_a_call(database: Database, call: str = "c", outcome: str = "served", wrap_up: float = 30) -> None:
    with database.transaction() as session:
        calls.start(session, id=call, channel=call, controller="x", called="1", caller="", flow="f", started_at=NOW)
        due = NOW + timedelta(seconds=wrap_up)
        calls.finish(
            session, call, ended_at=NOW, ticket_due_at=due, survey={"s": {"q": None}}, outcome=outcome, talked=3.0
        )


def tickets(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        return [(ticket.call_id, ticket.type) for ticket in embedded.recent(session)]


def test_it_waits_for_the_disposition_as_long_as_the_wrap_up_lasts(database: Database) -> None:
    end_a_call(database)
    assert deliver_due(database, Embedded(database), Types(), NOW) == 0
    with database.transaction() as session:
        calls.set_disposition(session, "c", "PA", NOW)
    assert deliver_due(database, Embedded(database), Types(), NOW) == 1
    assert tickets(database) == [("c", "PA")]


def test_a_late_disposition_changes_the_ticket_and_makes_no_second(database: Database) -> None:
    end_a_call(database)
    deliver_due(database, Embedded(database), Types(), NOW + timedelta(seconds=31))
    assert tickets(database) == [("c", "Q")]
    with database.transaction() as session:
        calls.set_disposition(session, "c", "I", NOW)
    deliver_due(database, Embedded(database), Types(), NOW + timedelta(seconds=60))
    assert tickets(database) == [("c", "I")]


def test_a_backend_that_is_down_loses_nothing(database: Database) -> None:
    class Down(Embedded):
        def put(self, drafts: Sequence[Draft]) -> list[str]:
            raise BackendError("down")

    end_a_call(database, wrap_up=0)
    assert deliver_due(database, Down(database), Types(), NOW) == 0
    assert deliver_due(database, Embedded(database), Types(), NOW) == 0, "it pauses first"
    assert deliver_due(database, Embedded(database), Types(), NOW + timedelta(seconds=3)) == 1
    with database.read() as session:
        assert pending(session) == 0


def test_a_crash_between_create_and_mark(database: Database) -> None:
    class Dies(Embedded):
        def put(self, drafts: Sequence[Draft]) -> list[str]:
            super().put(drafts)
            raise KeyboardInterrupt

    end_a_call(database, wrap_up=0)
    with pytest.raises(KeyboardInterrupt):
        deliver_due(database, Dies(database), Types(), NOW)
    deliver_due(database, Embedded(database), Types(), NOW)
    assert tickets(database) == [("c", "Q")]


def test_one_that_the_backend_refuses_holds_up_no_other(database: Database) -> None:
    class Picky(Embedded):
        def put(self, drafts: Sequence[Draft]) -> list[str]:
            if any(draft.call_id == "c1" for draft in drafts):
                raise BackendError("not this one")
            return super().put(drafts)

    for number in range(3):
        end_a_call(database, f"c{number}", wrap_up=0)
    assert deliver_due(database, Picky(database), Types(), NOW) == 2
    assert sorted(tickets(database)) == [("c0", "Q"), ("c2", "Q")]
    assert deliver_due(database, Embedded(database), Types(), NOW + timedelta(seconds=3)) == 1
    assert sorted(tickets(database)) == [("c0", "Q"), ("c1", "Q"), ("c2", "Q")]


def test_a_disposition_given_during_delivery_is_not_lost(database: Database) -> None:
    class Slow(Embedded):
        def put(self, drafts: Sequence[Draft]) -> list[str]:
            with database.transaction() as session:
                calls.set_disposition(session, "c", "A", NOW + timedelta(seconds=1))
            return super().put(drafts)

    end_a_call(database, wrap_up=0)
    deliver_due(database, Slow(database), Types(), NOW)
    assert tickets(database) == [("c", "Q")]
    assert deliver_due(database, Embedded(database), Types(), NOW + timedelta(seconds=1)) == 1
    assert tickets(database) == [("c", "A")]


def test_two_workers_at_once(database: Database) -> None:
    for number in range(20):
        end_a_call(database, f"c{number}", "self-served", 0)
    workers = [
        Thread(target=deliver_due, args=(database, Embedded(database), Types(), NOW + timedelta(seconds=n)))
        for n in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    deliver_due(database, Embedded(database), Types(), NOW + timedelta(minutes=10))
    assert sorted(tickets(database)) == sorted((f"c{number}", "B") for number in range(20))


def test_a_call_ends_once(database: Database) -> None:
    end_a_call(database)
    with database.transaction() as session:
        assert not calls.finish_lost(session, "c", NOW)
        call = calls.get(session, "c")
        assert call is not None and call.outcome == "served"
