"""Calls in the store, as controllers ask for them."""

from datetime import UTC, datetime, timedelta

from ivr.store import calls
from ivr.store.database import Database

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def test_a_controller_is_told_of_those_calls_of_its_own_that_it_does_not_have(database: Database) -> None:
    with database.transaction() as session:
        for call, controller in (("had", "one"), ("new", "one"), ("over", "one"), ("other", "two")):
            calls.start(
                session, id=call, channel=f"channel of {call}", controller=controller, called="1", caller="",
                flow="", version=1, started_at=NOW,
            )  # fmt: skip
        calls.finish_lost(session, "over", NOW)
        assert [row.channel for row in calls.unfinished(session, "one", {"had"})] == ["channel of new"]
        assert calls.unfinished(session, "one", {"had", "new"}) == []


def test_a_controller_that_has_just_begun_a_call_is_not_taken_for_gone(database: Database) -> None:
    """It may have been started a moment ago, and not have told of itself yet."""
    with database.transaction() as session:
        for call, controller, ago in (("a", "dead", 60), ("b", "new", 60), ("c", "new", 1), ("d", "known", 60)):
            calls.start(
                session, id=call, channel=call, controller=controller, called="1", caller="", flow="", version=1,
                started_at=NOW - timedelta(seconds=ago),
            )  # fmt: skip
        assert calls.forsaken(session, {"known"}, NOW - timedelta(seconds=5)) == {"dead"}
