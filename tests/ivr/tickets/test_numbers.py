"""The other way: numbers and states of tickets reach calls."""

from datetime import timedelta

import pytest

from ivr.store import calls, outbox
from ivr.store.database import Database
from ivr.tickets import embedded
from ivr.tickets.embedded import Embedded
from ivr.tickets.outbox import deliver_due
from ivr.tickets.outcome import Policy
from tests.ivr.tickets.ends import NOW, end_a_call

CALLER = "+390612345678"


def begin(database: Database, call: str, caller: str = CALLER) -> None:
    with database.transaction() as session:
        calls.start(session, id=call, channel=call, controller="x", called="1", caller=caller, flow="f", started_at=NOW)


def test_a_ticket_is_made_while_its_call_lives_and_changed_at_the_end(database: Database) -> None:
    begin(database, "c")
    with database.transaction() as session:
        calls.ask_ticket(session, "c", {"type": "A", "subject": "Refund\x00"}, "it", NOW)
        assert outbox.reference(session, "c") == ""
    assert deliver_due(database, Embedded(database), Policy(), NOW) == 1
    with database.transaction() as session:
        number = outbox.reference(session, "c")
        assert (found := embedded.get(session, number)) and (found.type, found.subject) == ("A", "Refund")
        at = NOW + timedelta(seconds=9)
        calls.finish(
            session, "c", ended_at=at, ticket_due_at=at, survey={}, outcome="self-served", ticket={"type": "A"}
        )
    assert deliver_due(database, Embedded(database), Policy(), NOW + timedelta(seconds=10)) == 1
    with database.read() as session:
        assert [ticket.call_id for ticket in embedded.recent(session)] == ["c"]
        assert (found := embedded.get(session, "c")) and found.fields["outcome"] == "self-served"


def test_a_call_that_ends_while_its_ticket_is_made_is_delivered_once_more(database: Database) -> None:
    class Slow(Embedded):
        def put(self, drafts):  # type: ignore[no-untyped-def]
            with database.transaction() as session:
                calls.finish(session, "c", ended_at=NOW, ticket_due_at=NOW, survey={}, outcome="self-served")
            return super().put(drafts)

    begin(database, "c")
    with database.transaction() as session:
        calls.ask_ticket(session, "c", {}, "it", NOW)
    deliver_due(database, Slow(database), Policy(), NOW)
    assert deliver_due(database, Embedded(database), Policy(), NOW) == 1
    with database.read() as session:
        [ticket] = embedded.recent(session)
        assert ticket.fields["outcome"] == "self-served"


def test_a_call_that_is_over_asks_for_no_ticket(database: Database) -> None:
    end_a_call(database, wrap_up=30)
    with database.transaction() as session:
        calls.ask_ticket(session, "c", {}, "it", NOW)
        assert not outbox.is_due(session, NOW)


@pytest.mark.parametrize("state", ["new", "open", "waiting"])
def test_who_calls_again_is_known_by_the_newest_ticket_that_is_not_closed(database: Database, state: str) -> None:
    for number, (call, caller) in enumerate([("a", CALLER), ("b", CALLER), ("c", "+39333"), ("d", "")]):
        begin(database, call, caller)
        with database.transaction() as session:
            at = NOW + timedelta(seconds=number)
            calls.finish(session, call, ended_at=at, ticket_due_at=at, survey={}, outcome="self-served")
        deliver_due(database, Embedded(database), Policy(), at)
    with database.transaction() as session:
        outbox.looked(session, ["a", "b"], {"a": state, "b": "closed"}, NOW)
        assert outbox.open_of(session, CALLER) == (outbox.reference(session, "a"), state)
        outbox.looked(session, ["a"], {"a": "closed"}, NOW)
        assert outbox.open_of(session, CALLER) == ("", "") == outbox.open_of(session, "+39999")
