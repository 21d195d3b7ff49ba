"""A caller's number goes everywhere when its time is over, and only then."""

import re
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import undefer

from ivr.store import callbacks, calls
from ivr.store.database import Database
from ivr.store.numbers import pseudonym
from ivr.store.schema import Base, Call, CallbackRequest, JourneyEntry, Ticket
from ivr.store.words import words
from ivr.tickets import desk
from ivr.tickets.clock import Terms
from tests.recordings.house import NUMBER, House, at

NIGHT = "2027-07-01T03:00"
OTHER = "+390698765432"


def fill(house: House, call: str, when: str, caller: str = NUMBER) -> None:
    """The number wherever a flow can put it."""
    house.call(call, at(when), caller)
    with house.database.transaction() as session:
        row = session.get_one(Call, call)
        row.ticket = {"subject": f"Call of {caller}", "fields": {"phone": caller, "more": ["x", {"n": caller[3:]}]}}
        row.note = f"wants to be called at {caller}"
        details: list[dict[str, Any]] = [{"caller": caller}, {"amount": "17"}]
        calls.add_journey(
            session,
            [
                {"call_id": call, "seq": seq, "at": at(when), "kind": "set", "node": "n", "detail": detail}
                for seq, detail in enumerate(details)
            ],
        )
        ticket = Ticket(call_id=call, type="Q", subject=f"Call of {caller}", fields={"phone": caller[1:]})
        ticket.created_at = ticket.updated_at = at(when)
        ticket.caller, ticket.drafted = caller, {"caller": caller}
        session.add(ticket)
        session.flush()
        desk.comment(session, ticket.number, f"called {caller}", by="rossi", now=at(when))
        desk.change(session, ticket.number, "subject", caller, by="rossi", now=at(when), terms=Terms())
        callbacks.add(session, call, "desk", OTHER if call == "a" else f"{caller}1", "it", at(when))


def everything(database: Database) -> str:
    """All that is stored, as text."""
    with database.read() as session:
        return "\n".join(
            str(dict(row)) for table in Base.metadata.sorted_tables for row in session.execute(select(table)).mappings()
        )


def test_no_table_has_the_number_any_more(house: House) -> None:
    fill(house, "a", "2027-01-01T10:00")
    assert house.run("2027-06-30T23:59") == [] and NUMBER[3:] in everything(house.database)
    assert ("number", "1 calls") in house.found(NIGHT)
    house.run(NIGHT)
    text = everything(house.database)
    if house.database.engine.dialect.name == "sqlite":
        for file in Path(house.database.name).parent.glob("*.sqlite3*"):
            assert NUMBER[3:].encode() not in file.read_bytes(), "what is found by words is a table, too"
    assert NUMBER[3:] not in text and OTHER[3:] not in text
    same = pseudonym(NUMBER, "a key")
    with house.database.read() as session:
        row = session.get_one(Call, "a")
        assert (row.caller, row.note) == (same, f"wants to be called at {same}")
        assert row.ticket["fields"] == {"phone": same, "more": ["x", {"n": same}]}
        ticket = session.scalars(select(Ticket).options(undefer(Ticket.words))).one()
        assert (ticket.caller, ticket.subject, ticket.fields) == (same, same, {"phone": same})
        assert set(words(same)) <= set(re.findall(r"\w+", str(ticket.words)))
        journey = session.scalars(select(JourneyEntry.detail).order_by(JourneyEntry.seq)).all()
        assert journey == [{"caller": same}, {"amount": "17"}]
        wish = session.scalars(select(CallbackRequest)).one()
        assert (wish.number, wish.state) == (pseudonym(OTHER, "a key"), "given-up"), "nobody calls a pseudonym"
    assert house.found(NIGHT) == []


def test_the_same_caller_has_the_same_pseudonym_and_others_another(house: House) -> None:
    for call, caller in (("a", NUMBER), ("b", NUMBER), ("c", OTHER), ("d", "")):
        house.call(call, at("2027-01-01T10:00"), caller)
    house.call("later", at("2027-01-02T00:00"))
    house.run(NIGHT)
    with house.database.read() as session:
        of = {row.id: row.caller for row in session.scalars(select(Call))}
    assert of["a"] == of["b"] == pseudonym(NUMBER, "a key") != of["c"]
    assert (of["d"], of["later"]) == ("", NUMBER)
    assert pseudonym(NUMBER, "a key") != pseudonym(NUMBER, "another key")


def test_more_than_one_batch_and_a_time_of_its_own(house: House) -> None:
    for number in range(1100):
        house.call(f"c{number:04}", at("2027-01-01T10:00"), f"+3906{number:08}")
    house.run("2027-01-12T03:00", pseudonyms_after=10)
    with house.database.read() as session:
        assert all(row.startswith("~") for row in session.scalars(select(Call.caller)))
