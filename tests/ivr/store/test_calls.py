"""Calls in the store, as controllers ask for them."""

from datetime import UTC, datetime

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
