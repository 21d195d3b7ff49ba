from datetime import UTC, datetime, timedelta

from ivr.store import calls
from ivr.store.database import Database
from ivr.store.service_level import Level, levels

NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)


def test_calls_of_the_day_by_queue(database: Database) -> None:
    ended = (
        ("tax", "served", 5.0, 0),
        ("tax", "served", 20.0, 0),
        ("tax", "served", 21.0, 0),
        ("tax", "abandoned", 3.0, 0),  # too soon to be blamed on anybody
        ("tax", "abandoned", 40.0, 0),
        ("tax", "callback", 90.0, 0),
        ("tax", "served", 1.0, 24),  # yesterday
        ("desk", "served", 30.0, 0),
        ("", "self-served", 0.0, 0),
    )
    with database.transaction() as session:
        for number, (queue, outcome, waited, hours) in enumerate(ended):
            name, at = f"c{number}", NOON - timedelta(hours=hours)
            calls.start(session, id=name, channel=name, controller="1", called="", caller="", flow="", started_at=at)
            facts = {"queue": queue, "outcome": outcome, "waited": waited}
            calls.finish(session, name, ended_at=at, ticket_due_at=at, survey={}, **facts)
    with database.read() as session:
        found = levels(session, {"tax": 20.0, "desk": 60.0, "idle": 20.0}, NOON - timedelta(hours=2))
        assert levels(session, {}, NOON) == {}
    assert found == {"tax": Level(3, 2, 1), "desk": Level(1, 1, 0)}
    assert found["tax"].share == 0.5 and Level(0, 0, 0).share is None
