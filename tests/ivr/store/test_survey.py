from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ivr.store import calls, survey
from ivr.store.database import Database

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def call(database: Database, id: str, answers: dict[str, int | None], at: datetime = NOON, **facts: Any) -> None:
    with database.transaction() as session:
        calls.start(session, id=id, channel=id, controller="1", called="", caller="", started_at=at)
        calls.finish(session, id, ended_at=at, ticket_due_at=at, survey={"after": answers}, **facts)


@pytest.fixture(autouse=True)
def answers(database: Database) -> None:
    call(database, "a", {"clear": 5, "kind": 4}, operator="4271", language="de", ticket={"fields": {"reason": "fees"}})
    call(database, "b", {"clear": 2, "kind": None}, operator="4271", language="it", ticket={"subject": "Fees"})
    call(database, "c", {"clear": None, "kind": None}, NOON + timedelta(days=1), operator="4300", language="it")


def results(database: Database, *by: str, **period: datetime) -> list[dict[str, Any]]:
    with database.read() as session:
        return survey.results(session, by, **period)


def test_who_did_not_answer_counts_as_asked_and_in_no_mean(database: Database) -> None:
    assert results(database, "operator") == [
        {"operator": "4271", "count": 4, "answered": 3, "mean": 3.667, "good": 0.667},
        {"operator": "4300", "count": 2, "answered": 0, "mean": None, "good": None},
    ]


def test_groups_may_be_joined(database: Database) -> None:
    rows = results(database, "language", "question")
    assert [(row["language"], row["question"], row["count"], row["mean"]) for row in rows] == [
        ("de", "clear", 1, 5.0),
        ("de", "kind", 1, 4.0),
        ("it", "clear", 2, 2.0),
        ("it", "kind", 2, None),
    ]


def test_the_reason_is_the_tickets_field_or_else_its_subject(database: Database) -> None:
    rows = {row["reason"]: row["answered"] for row in results(database, "reason")}
    assert rows == {"fees": 2, "Fees": 1, "": 0}


def test_a_period_holds_its_beginning_and_not_its_end(database: Database) -> None:
    later = NOON + timedelta(days=1)
    assert [row["count"] for row in results(database, "survey", since=NOON, until=later)] == [4]
    assert [row["count"] for row in results(database, "survey", since=later)] == [2]
