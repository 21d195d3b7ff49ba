"""Tickets that were there before the desk: closed where nothing was left to do, and found by their words."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, text

from ivr.store.database import Database
from ivr.tickets import search
from ivr.tickets.embedded import Embedded
from ivr.tickets.outcome import Draft, Policy

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
FORMER = "0019"


@pytest.fixture(params=["sqlite", "postgresql"])
def former(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        one = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    else:
        address = request.getfixturevalue("postgresql_address")
        with create_engine(address.format("postgres"), isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("CREATE DATABASE former"))
        one = Database(address.format("former"))
    one.migrate(FORMER)
    yield one
    one.engine.dispose()


def test_they_are_brought_along(former: Database) -> None:
    with former.transaction() as session:
        for number, kind in enumerate(("Q", "B"), 1):
            session.execute(
                text(
                    "INSERT INTO tickets (call_id, type, subject, fields, created_at, updated_at)"
                    " VALUES (:call, :kind, 'Pagamento perché', :fields, :now, :now)"
                ),
                {
                    "call": f"c{number}",
                    "kind": kind,
                    "fields": '{"queue": "desk", "language": "it", "note": "rimborso"}',
                    "now": NOW.isoformat(" "),
                },
            )
    former.migrate()
    with former.read() as session:
        for words in ("perche", "rimborso"):
            page = search.find(
                session, {"words": [words]}, policy=Policy(), zone=ZoneInfo("Europe/Rome"), now=NOW
            )  # fmt: skip
            assert [(one.call_id, one.state, one.queue, one.language) for one in page.rows] == [
                ("c2", "closed", "desk", "it"),
                ("c1", "new", "desk", "it"),
            ]
    fields = {"queue": "desk", "language": "it", "note": "rimborso"}
    Embedded(former).put([Draft("c1", "A", "Pagamento perché", fields, queue="desk", language="it")])
    with former.read() as session:
        page = search.find(session, {"type": ["A"]}, policy=Policy(), zone=ZoneInfo("Europe/Rome"), now=NOW)
    assert [one.call_id for one in page.rows] == ["c1"], "what the call says later still changes it"
