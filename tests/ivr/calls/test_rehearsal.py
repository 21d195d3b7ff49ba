"""What a designers' test gives its call, in place of the real world."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from ivr.acd.state import Queue
from ivr.calls import rehearsal
from ivr.calls.rehearsal import Part, Rehearsal, Reply, dialled
from ivr.flow import words

AT = datetime(2026, 12, 8, 9, tzinfo=UTC)


def test_only_in_a_rehearsal_is_a_number_more_than_a_number(tmp_path: Path) -> None:
    (tmp_path / "17.json").write_bytes(msgspec.json.encode(Part(AT, calls_today=3)))
    number, found = dialled("+390600000001-t17", tmp_path)
    assert number == "+390600000001" and found is not None and found.calls_today == 3
    assert dialled("+390600000001-t17", None) == ("+390600000001-t17", None)
    assert dialled("+390600000001", tmp_path) == ("+390600000001", None)
    assert dialled("+390600000001-t../17", tmp_path)[1] is None


def test_a_test_whose_part_is_missing_or_wrong_is_no_call(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        dialled("+390600000001-t18", tmp_path)
    (tmp_path / "19.json").write_text('{"at": "2026-12-08T09:00:00Z", "lapse": "much"}')
    with pytest.raises(msgspec.ValidationError):
        dialled("+390600000001-t19", tmp_path)


def test_its_time_begins_when_the_call_does() -> None:
    world = Rehearsal("1", Part(AT))
    assert timedelta(0) <= world.clock() - AT < timedelta(seconds=5)


def test_web_services_answer_what_the_test_says_in_order() -> None:
    world = Rehearsal("1", Part(AT, replies=[Reply(200, {"state": "paid"}), None]))
    begun = time.monotonic()
    asked = [words.Http(number, "GET", "https://example.test/", 0.2) for number in (4, 5, 6)]
    answers = [asyncio.run(world.ask(one)) for one in asked]
    assert answers[:2] == [words.HttpReply(4, 200, {"state": "paid"}), words.HttpReply(5, 0, None, "timeout")]
    assert time.monotonic() - begun >= 0.2
    assert answers[2].status == 0 and answers[2].problem


def test_its_queues_have_its_own_operators_and_shorter_waits() -> None:
    world = Rehearsal("7", Part(AT, lapse=30, unstaffed=[True, False]))
    asked = words.Enqueue("payments", ("it",), 2, 600.0)
    nobody, own, more = (world.enqueued(asked) for _ in range(3))
    assert nobody == words.Enqueue("payments", ("it", rehearsal.NOBODY), 2, 20.0)
    assert own == more == words.Enqueue("payments", ("it", rehearsal.lane("7")), 2, 20.0)
    assert world.enqueued(words.Enqueue("payments", (), 0, None)).max_wait is None


def test_a_call_overflows_to_nobody_elses_operators() -> None:
    queue = Queue("payments", overflow=((30.0, ("it",)),))
    assert rehearsal.strict([queue]) == [Queue("payments")]


def test_only_the_time_in_queues_goes_by_faster() -> None:
    world, timer = Rehearsal("7", Part(AT, lapse=30)), words.Timer(60, 1)
    assert world.seconds(timer, words.State("one", "wait", "it", wait={"queue": "music"})) == 2
    assert world.seconds(timer, words.State("one", "ask", "it", wait={"id": 1})) == 60
