"""Evaluations: weighted, in place of a former one, kept when the recording is deleted."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ivr.store import audit, operators
from ivr.store.database import Database
from ivr.store.schema import Evaluation
from recordings import evaluations, samples
from recordings.drawing import Plan, draw
from recordings.evaluations import CRITERIA, Given, Marks
from tests.recordings.house import ROME, House
from tests.recordings.kept import keep

EQUAL = dict.fromkeys(CRITERIA, 1.0)


def given(*marks: int, comment: str = "") -> Given:
    return Given(Marks(*marks), comment)


def test_the_score_is_the_weighted_mean() -> None:
    marks = dict(zip(CRITERIA, (5, 1, 1, 1, 1), strict=True))
    assert evaluations.score(marks, EQUAL) == pytest.approx(1.8)
    assert evaluations.score(marks, EQUAL | {"correctness": 4}) == pytest.approx(3.0)
    assert evaluations.score(marks, dict.fromkeys(CRITERIA, 0.0) | {"correctness": 0.5}) == 5


def test_a_reviewer_has_one_word_and_each_their_own(database: Database) -> None:
    with database.transaction() as session:
        operators.add(session, "4271", "Anna", ["it"], ["all"], datetime.now(UTC))
        keep(session, "call", datetime(2027, 1, 4, 9), operator="4271", queue="app")
    weights = EQUAL | {"courtesy": 0.0}
    with database.transaction() as session:
        evaluations.save(session, "call-1", "rossi", given(1, 1, 1, 1, 1), EQUAL)
        evaluations.save(session, "call-1", "bianchi", given(5, 5, 5, 5, 1, comment=" gentile "), weights)
    with database.transaction() as session:
        assert evaluations.save(session, "call-1", "rossi", given(2, 3, 4, 5, 1), EQUAL) == 3
    with database.read() as session:
        found = list(evaluations.lines(session, lambda code: f"op {code}"))
        said = {(one.user, one.action, one.subject) for one in audit.find(session)}
    assert [(one.reviewer, one.score, one.comment) for one in found] == [("bianchi", 5, "gentile"), ("rossi", 3, "")]
    assert {(one.operator, one.queue, one.sample) for one in found} == {("op 4271", "app", "")}
    assert said == {("rossi", "evaluate", "call-1"), ("bianchi", "evaluate", "call-1")}


def test_of_a_sample_the_recording_is_then_reviewed(database: Database) -> None:
    with database.transaction() as session:
        for number in range(3):
            keep(session, f"call-{number}", datetime(2027, 1, 4, 9, number))
    draw(database, Plan(name="q1", size=2, seed=7), zone=ROME, key="k", veiled=True, user="rossi")
    with database.transaction() as session:
        first, _ = samples.items(session, "q1", limit=9, after="", operator=str, zone=ROME)["items"]
        evaluations.save(session, first["id"], "rossi", given(1, 2, 3, 4, 5), EQUAL)
    with database.transaction() as session:  # others may evaluate it, too; it stays the first one's
        evaluations.save(session, first["id"], "bianchi", given(1, 2, 3, 4, 5), EQUAL)
    with database.read() as session:
        assert samples.show(session, "q1")["reviewed"] == 1
        item = samples.items(session, "q1", limit=1, after="", operator=str, zone=ROME)["items"][0]
        assert item["reviewed_by"] == "rossi"
        assert {one.sample for one in evaluations.lines(session, str)} == {"q1"}
        assert [one.recording for one in evaluations.lines(session, str, sample="q2")] == []
        now = datetime.now(UTC)
        assert len(list(evaluations.lines(session, str, since=now - timedelta(hours=1)))) == 2
        assert list(evaluations.lines(session, str, since=now + timedelta(hours=1))) == []
        assert list(evaluations.lines(session, str, until=now - timedelta(hours=1))) == []


def test_it_stays_when_the_recording_is_deleted(house: House) -> None:
    id = house.record("call", datetime(2027, 1, 1, 10, tzinfo=ROME))
    with house.database.transaction() as session:
        evaluations.save(session, id, "rossi", given(1, 2, 3, 4, 5), EQUAL)
    assert len(house.run("2027-07-01T03:00")) == 1 and house.found("2027-07-01T03:00") == []
    with house.database.read() as session:
        assert session.get(Evaluation, (id, "rossi")) is not None
        [line] = evaluations.lines(session, str)
    assert line.started_at.date() == date(2027, 1, 1) and line.score == 3
