"""Asking, approving, the time; on both stores."""

from datetime import datetime, timedelta

import pytest

from ivr.problem import WrongUse
from ivr.store import audit
from ivr.store.database import Database
from ivr.store.schema import OriginalRequest, Recording
from recordings import belongings, originals
from recordings.originals import Refusal
from tests.recordings.kept import keep


@pytest.fixture
def recording(database: Database) -> str:
    with database.transaction() as session:
        keep(session, "other", datetime(2027, 1, 4, 9))
        return keep(session, "call", datetime(2027, 1, 4, 9))


def ask(database: Database, recording: str, by: str = "anna") -> int:
    with database.transaction() as session:
        return originals.ask(session, recording, reason="complaint 17", by=by).id


def approve(database: Database, id: int, by: str = "bruno", seconds: float = 3600) -> OriginalRequest:
    with database.transaction() as session:
        return originals.approve(session, id, by=by, seconds=seconds)


def refusal(database: Database, recording: str, user: str, now: datetime) -> str:
    with database.read() as session, pytest.raises(Refusal) as refused:
        originals.permission(session, recording, user, now)
    return refused.value.code


def test_for_that_person_that_recording_and_that_time(database: Database, recording: str) -> None:
    now = datetime.now().astimezone()
    assert refusal(database, recording, "anna", now) == "not-asked"
    id = ask(database, recording)
    assert refusal(database, recording, "anna", now) == "not-approved"
    until = approve(database, id, seconds=600).until
    assert until and timedelta(seconds=599) < until - now < timedelta(seconds=700)
    last = until - timedelta(microseconds=1)
    with database.read() as session:
        assert originals.permission(session, recording, "anna", last).id == id
        assert originals.heard_by(session, "anna", last) == {recording}
        assert originals.heard_by(session, "bruno", last) == originals.heard_by(session, "anna", until) == set()
    assert refusal(database, recording, "anna", until) == "over"
    assert refusal(database, recording, "bruno", last) == "not-asked", "who approves does not hear it"
    assert refusal(database, "other-1", "anna", last) == "not-asked"
    again = ask(database, recording)
    assert refusal(database, recording, "anna", until) == "over"
    later = approve(database, again, seconds=1200).until
    assert later
    with database.read() as session:
        assert originals.permission(session, recording, "anna", until).id == again


def test_never_the_same_person_and_only_once(database: Database, recording: str) -> None:
    id = ask(database, recording)
    for by, code in (("anna", "own"), ("bruno", ""), ("carla", "approved-before"), ("anna", "approved-before")):
        if not code:
            approve(database, id, by)
            continue
        with pytest.raises(Refusal) as refused:
            approve(database, id, by)
        assert refused.value.code == code
    with pytest.raises(Refusal, match="no request 999"):
        approve(database, 999)
    with database.read() as session:
        (request,) = originals.find(session)
        assert request.approved_by == "bruno"
        steps = [(one.user, one.action, one.subject, one.detail) for one in audit.find(session)]
    assert steps == [
        ("bruno", "approve-original", recording, f"{id} for anna"),
        ("anna", "ask-for-original", recording, f"{id}: complaint 17"),
    ], "what was refused changed nothing"


def test_what_cannot_be_asked_for(database: Database, recording: str) -> None:
    with database.transaction() as session:
        session.get_one(Recording, "other-1").purged_at = datetime.now().astimezone()
    with database.read() as session:
        for id, code in (("none", "unknown"), (recording[:-2], "unknown"), ("other-1", "deleted")):
            with pytest.raises(Refusal) as refused:
                originals.ask(session, id, reason="why", by="anna")
            assert refused.value.code == code
        with pytest.raises(WrongUse, match="a reason is needed"):
            originals.ask(session, recording, reason=" ", by="anna")


def test_a_request_goes_with_its_recording_and_stays_in_the_audit(database: Database, recording: str) -> None:
    approve(database, ask(database, recording))
    with database.transaction() as session:
        belongings.forget(session, [recording])
    assert refusal(database, recording, "anna", datetime.now().astimezone()) == "not-asked"
    with database.read() as session:
        assert originals.find(session) == [] and len(audit.find(session, subject=recording)) == 2


def test_each_sees_their_own_and_approvers_all(database: Database, recording: str) -> None:
    first, second = ask(database, recording), ask(database, recording, "bruno")
    with database.read() as session:
        assert [one.id for one in originals.find(session)] == [second, first]
        assert [one.id for one in originals.find(session, by="anna")] == [first]
