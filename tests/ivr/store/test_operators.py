"""Where operators stand, and the events from which their day is recomputed."""

from datetime import UTC, datetime, timedelta

import pytest

from ivr.acd.day import account
from ivr.store import operators
from ivr.store.database import Database

MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
NEXT = MIDNIGHT + timedelta(days=1)


@pytest.fixture(autouse=True)
def anna(database: Database) -> None:
    with database.transaction() as session:
        operators.add(session, "4271", "Anna", ["it"], ["all"], MIDNIGHT)


def stands(database: Database, hours: float, state: str, reason: str = "", by: str = "") -> None:
    with database.transaction() as session:
        at = MIDNIGHT + timedelta(hours=hours)
        operators.set_presence(session, "4271", state, at, reason=reason, phone="op-4271", by=by)


def test_a_day_from_the_store_with_a_restart_in_it(database: Database) -> None:
    stands(database, -2, "ready", by="phone")
    stands(database, 1, "paused", "lunch", by="page")
    stands(database, 2, "ready")
    stands(database, 3, "talking")
    again = Database(str(database.engine.url.render_as_string(hide_password=False)))  # a controller that starts anew
    stands(again, 3.5, "ready")
    stands(again, 3.5, "ready")  # tells once more what is so already
    stands(again, 4, "signed-out", by="supervisor Carla")
    again.engine.dispose()
    with database.read() as session:
        changes = operators.events(session, "4271", MIDNIGHT, NEXT)
    assert [(one.state, one.reason, one.by) for one in changes] == [
        ("ready", "", "phone"),
        ("paused", "lunch", "page"),
        ("ready", "", ""),
        ("talking", "", ""),
        ("ready", "", ""),
        ("signed-out", "", "supervisor Carla"),
    ]
    worked = account(changes, MIDNIGHT, NEXT, NEXT)
    assert worked and worked.states == {"ready": 9000, "paused": 3600, "talking": 1800}
    assert worked.seconds == 4 * 3600 and worked.pauses == {"lunch": 3600}


def test_what_happened_stays_when_an_operator_is_removed(database: Database) -> None:
    stands(database, 1, "ready")
    with database.transaction() as session:
        operators.remove(session, "4271", MIDNIGHT + timedelta(hours=2))
    with database.read() as session:
        changes = operators.events(session, "4271", MIDNIGHT, NEXT)
    assert [one.state for one in changes] == ["ready", "signed-out"]


def test_a_clock_that_is_set_back_changes_no_order(database: Database) -> None:
    stands(database, 8, "ready")
    stands(database, 10, "talking")
    stands(database, 9, "wrap-up")
    stands(database, 9.5, "ready")
    stands(database, 11, "signed-out")
    with database.read() as session:
        events = operators.events(session, "4271", MIDNIGHT, NEXT)
    assert [one.state for one in events][-5:] == ["ready", "talking", "wrap-up", "ready", "signed-out"]
    worked = account(events, MIDNIGHT, NEXT, NEXT)
    assert worked and worked.states == {"ready": 3 * 3600, "talking": 0, "wrap-up": 0}
    assert sum(worked.states.values()) == worked.seconds
