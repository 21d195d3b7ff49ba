"""What is held outlives its time, and no longer than the hold."""

import threading
from datetime import date

import pytest
from sqlalchemy import select

from ivr.problem import WrongUse
from ivr.store import audit
from ivr.store.schema import Call, Hold, OutboxEntry, PurgeRun
from recordings import holds
from recordings.holds import HoldError, Target
from tests.recordings.house import House, at

NIGHT = "2027-07-01T03:00"


def hold(house: House, target: Target, until: str = "2027-07-05", today: str = "2027-06-01") -> Hold:
    return holds.add(
        house.database,
        house.store,
        target,
        reason="complaint 17",
        until=date.fromisoformat(until),
        by="rossi",
        today=date.fromisoformat(today),
    )


def gone(house: House, when: str) -> set[str]:
    return {one.recording_id for one in house.run(when)}


def test_a_recording_is_held_through_the_day_until(house: House) -> None:
    held, other = (house.record("a", at("2027-01-01T10:00"), part) for part in ("1", "2"))
    hold(house, Target("a", held))
    assert gone(house, NIGHT) == {other}
    assert house.found("2027-07-05T23:59") == [] and gone(house, "2027-07-05T23:59") == set()
    with house.database.read() as session:
        assert [run.held for run in session.scalars(select(PurgeRun))] == [1, 1]
    assert house.found("2027-07-06T02:00")[0] == ("overdue", held)
    assert gone(house, "2027-07-06T02:30") == {held} and house.found("2027-07-06T02:30") == []


def test_a_call_is_held_whole_with_its_number(house: House) -> None:
    house.record("a", at("2027-01-01T10:00"), "1")
    hold(house, Target("a"))
    house.record("a", at("2027-01-01T10:00"), "2")  # ingested only after
    assert gone(house, NIGHT) == set() and house.found(NIGHT) == []
    with house.database.read() as session:
        assert session.get_one(Call, "a").caller.startswith("+39")


def test_a_lifted_hold_holds_no_longer_and_both_are_audited(house: House) -> None:
    held = house.record("a", at("2027-01-01T10:00"))
    one = hold(house, Target("a"))
    assert gone(house, NIGHT) == set()
    with house.database.transaction() as session:
        holds.lift(session, one.id, "bianchi")
    with house.database.read() as session:
        told = [(entry.user, entry.action, entry.subject, entry.detail) for entry in audit.find(session)]
        assert ("rossi", "hold", "a", f"{one.id} until 2027-07-05: complaint 17") in told
        assert ("bianchi", "lift-hold", "a", str(one.id)) in told
        assert holds.find(session, date(2027, 7, 1)) == []
        assert [row.lifted_by for row in holds.find(session, date(2027, 7, 1), all=True)] == ["bianchi"]
    with pytest.raises(HoldError, match="by bianchi"), house.database.transaction() as session:
        holds.lift(session, one.id, "verdi")
    assert gone(house, NIGHT) == {held}


def test_what_cannot_be_held_is_told(house: House) -> None:
    id = house.record("a", at("2027-01-01T10:00"))
    with pytest.raises(WrongUse, match="that day is over"):
        hold(house, Target("a"), until="2027-05-31")
    with house.database.read() as session:
        with pytest.raises(HoldError, match="no recording and no call nobody"):
            holds.target(session, "nobody")
        with pytest.raises(HoldError, match="ticket 17 is no ticket"):
            holds.target_of_ticket(session, "17")
        assert holds.target(session, id) == Target("a", id) and holds.target(session, "a") == Target("a")
    gone(house, NIGHT)
    with pytest.raises(HoldError, match="was deleted"):
        hold(house, Target("a", id), until="2027-09-01", today="2027-07-01")


def test_a_ticket_names_its_call(house: House) -> None:
    house.call("a", at("2027-01-01T10:00"))
    with house.database.transaction() as session:
        session.add(
            OutboxEntry(call_id="a", due_at=at("2027-01-01T10:00"), since=at("2027-01-01T10:00"), reference="RT-4711")
        )
    with house.database.read() as session:
        assert holds.target_of_ticket(session, "RT-4711") == Target("a")


def test_a_hold_that_was_confirmed_is_kept_by_a_purge_that_runs(house: House) -> None:
    """Holds are added while a purge is deleting: each is either refused, or its recording is there afterwards."""
    ids = [house.record(f"c{number:02}", at("2027-01-01T10:00")) for number in range(40)]
    purge = house.purge(NIGHT)
    runs = threading.Thread(target=lambda: list(purge.run("a test")))
    runs.start()
    confirmed = set()
    for id in reversed(ids):
        try:
            hold(house, Target(id.removesuffix("-1"), id), until="2027-12-31")
        except HoldError:
            continue
        confirmed.add(id)
    runs.join()
    left = {name.rpartition("/")[2].partition(".")[0] for name in house.files()}
    assert confirmed <= left and house.found(NIGHT) == []
