from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ivr.store import callbacks, calls
from ivr.store.database import Database

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LEASE, MOST = 30.0, 3
NUMBER = "+390471123456"


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def start(database: Database, call: str) -> None:
    with database.transaction() as session:
        calls.start(session, id=call, channel=call, controller="1", called="", caller=NUMBER, started_at=NOW)


def ask(database: Database, call: str, number: str = NUMBER, waited: float = 0) -> bool:
    start(database, call)
    with database.transaction() as session:
        return callbacks.add(session, call, "payments", number, "de", NOW, skills=("de",), priority=2, waited=waited)


def do(database: Database, name: str, *arguments: Any) -> Any:
    with database.transaction() as session:
        return getattr(callbacks, name)(session, *arguments)


def stands(database: Database, call: str) -> tuple[str, int]:
    with database.read() as session:
        wish = callbacks.get(session, call)
        assert wish is not None
        return wish.state, wish.tries


def results(database: Database, call: str) -> list[str]:
    with database.read() as session:
        return [one.result for one in callbacks.tries(session, call)]


def test_a_number_has_one_wish_which_keeps_its_place(database: Database) -> None:
    assert ask(database, "a", waited=90)
    assert not ask(database, "b")
    with database.read() as session:
        [wish] = callbacks.find(session)
    assert (wish.call_id, wish.since, wish.skills, wish.priority) == ("a", at(-90), ["de"], 2)


def test_one_controller_gets_it(database: Database) -> None:
    ask(database, "a")
    assert do(database, "claim", "a", "1", "x", NOW, LEASE, MOST)
    assert not do(database, "claim", "a", "2", "y", at(LEASE - 1), LEASE, MOST)
    assert not do(database, "ring", "a", "y", "4271", at(1))
    assert do(database, "ring", "a", "x", "4271", at(1))
    assert stands(database, "a") == ("calling", 1)


def test_a_claim_lasts_while_it_is_renewed(database: Database) -> None:
    ask(database, "a")
    do(database, "claim", "a", "1", "x", NOW, LEASE, MOST)
    assert do(database, "renew", "1", {"x"}, at(20), LEASE) == {"a"}
    assert not do(database, "claim", "a", "2", "y", at(40), LEASE, MOST)
    assert do(database, "claim", "a", "2", "y", at(51), LEASE, MOST)
    assert do(database, "renew", "1", {"x"}, at(52), LEASE) == set(), "the first hears that it has it no more"
    assert not do(database, "ring", "a", "x", "4271", at(52)), "and cannot ring"


def test_what_a_former_life_has_left_is_not_kept_by_the_next(database: Database) -> None:
    ask(database, "a")
    do(database, "claim", "a", "1", "x", NOW, LEASE, MOST)
    assert do(database, "expire", "1", set(), at(1)) == ["x"]
    assert do(database, "renew", "1", set(), at(2), LEASE) == set()
    assert do(database, "claim", "a", "1", "y", at(3), LEASE, MOST)


def test_who_was_rung_by_a_controller_that_died_was_tried(database: Database) -> None:
    ask(database, "a")
    do(database, "claim", "a", "1", "x", NOW, LEASE, MOST)
    do(database, "ring", "a", "x", "4271", NOW)
    assert do(database, "claim", "a", "2", "y", at(31), LEASE, MOST)
    assert (stands(database, "a"), results(database, "a")) == (("calling", 1), ["lost"])


def test_who_was_spoken_with_by_a_controller_that_died_is_not_called_again(database: Database) -> None:
    ask(database, "a")
    do(database, "claim", "a", "1", "x", NOW, LEASE, MOST)
    do(database, "ring", "a", "x", "4271", NOW)
    start(database, "x")  # the row of the call that the citizen answered
    assert do(database, "expire", "1", set(), at(1)) == ["x"]
    assert not do(database, "claim", "a", "1", "y", at(2), LEASE, MOST)
    assert (stands(database, "a"), results(database, "a")) == (("done", 1), ["spoken"])


def test_the_last_try_lost_is_the_last_try(database: Database) -> None:
    ask(database, "a")
    do(database, "claim", "a", "1", "x", NOW, LEASE, 1)
    do(database, "ring", "a", "x", "4271", NOW)
    assert not do(database, "claim", "a", "1", "y", at(31), LEASE, 1)
    assert stands(database, "a") == ("given-up", 1)


@pytest.mark.parametrize(
    ("result", "again", "state", "told"),
    [
        ("spoken", 60, "done", "spoken with, call x"),
        ("busy", None, "given-up", "not reached (busy)"),
        ("busy", 60, "waiting", ""),
    ],
)
def test_the_end_of_a_try(database: Database, result: str, again: float | None, state: str, told: str) -> None:
    ask(database, "a")
    with database.transaction() as session:
        calls.finish(session, "a", ended_at=NOW, ticket_due_at=NOW, survey={}, outcome="callback")
    do(database, "claim", "a", "1", "x", NOW, LEASE, MOST)
    do(database, "ring", "a", "x", "4271", NOW)
    due = None if again is None else at(again)
    assert do(database, "end_try", "a", "x", result, at(20), due)
    assert (stands(database, "a"), results(database, "a")) == ((state, 1), [result])
    with database.read() as session:
        wish, call = callbacks.get(session, "a"), calls.get(session, "a")
        assert wish is not None and call is not None
        assert wish.holder == wish.attempt == ""
        assert call.ticket.get("fields", {}).get("callback", "") == told
        assert state != "waiting" or wish.due_at == due
    assert not do(database, "end_try", "a", "x", result, at(21), due), "it is told once"


def test_who_was_served_in_that_queue_meanwhile_is_not_called(database: Database) -> None:
    ask(database, "a")
    do(database, "claim", "a", "1", "x", NOW, LEASE, MOST)
    do(database, "cancel", NUMBER, "privacy", "b", at(1))
    assert stands(database, "a")[0] == "calling", "another queue is another matter"
    do(database, "cancel", NUMBER, "payments", "b", at(1))
    assert stands(database, "a")[0] == "cancelled"
    assert not do(database, "ring", "a", "x", "4271", at(2))
    assert not do(database, "release", "a", "x", at(9))
    assert stands(database, "a")[0] == "cancelled"
    assert ask(database, "c"), "and may ask again"
