from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, func, insert, select, update

from ivr.store.database import Database, StoreError
from ivr.store.schema import Base, Call
from ivr.store.statement import Statement

CALLS = Base.metadata.tables["calls"]
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
START = Statement(insert(CALLS))


def row(call: str, **fields: object) -> dict[str, object]:
    return {"id": call, "channel": call, "controller": "x", "called": "1", "caller": "", "started_at": NOW} | fields


def test_what_a_row_does_not_name_is_its_columns_default(database: Database) -> None:
    with database.transaction() as session:
        START.run(session, row("a"))
    with database.read() as session:
        call = session.get_one(Call, "a")
        assert (call.outcome, call.waited, call.ticket, call.ended_at) == ("", 0.0, {}, None)


def test_values_are_converted_as_their_columns_ask(database: Database) -> None:
    rome = NOW.astimezone(timezone(timedelta(hours=1)))
    with database.transaction() as session:
        START.run(session, row("a", started_at=rome, ticket={"type": "Q", "subject": "perché"}))
    with database.read() as session:
        call = session.get_one(Call, "a")
        assert call.started_at == NOW and call.started_at.tzinfo is UTC
        assert call.ticket == {"type": "Q", "subject": "perché"}
    with pytest.raises(ValueError, match="zone"), database.transaction() as session:
        START.run(session, row("b", started_at=NOW.replace(tzinfo=None)))


def test_many_rows_and_other_columns(database: Database) -> None:
    with database.transaction() as session:
        START.run(session, [row("a", flow="f"), row("b", flow="g")])
        START.run(session, row("c"))
        assert [call.flow for call in session.scalars(select(Call).order_by(Call.id))] == ["f", "g", ""]


def test_an_update_tells_how_many_it_found_and_a_select_what(database: Database) -> None:
    change = Statement(update(CALLS).where(CALLS.c.id == bindparam("call")))
    count = Statement(select(func.count()).where(CALLS.c.started_at >= bindparam("since")))
    with database.transaction() as session:
        START.run(session, row("a"))
        assert change.run(session, {"call": "a", "outcome": "served"}).rowcount == 1
        assert change.run(session, {"call": "b", "outcome": "served"}).rowcount == 0
        assert session.get_one(Call, "a").outcome == "served"
        assert count.run(session, {"since": NOW}).scalar_one() == 1
        assert count.run(session, {"since": NOW + timedelta(seconds=1)}).scalar_one() == 0


def test_an_error_is_a_store_error(database: Database) -> None:
    with database.transaction() as session:
        START.run(session, row("a"))
    with pytest.raises(StoreError, match=r"(?i)unique"), database.transaction() as session:
        START.run(session, row("a"))
