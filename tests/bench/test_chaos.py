from dataclasses import replace

import pytest

from bench.chaos.verdict import Seen, Stored, verdict

WELL = Stored(True, "served", 1, 1, ("hello", "choose"))
SEEN = [Seen(float(at), answered=True, whole=True) for at in range(3)]


def test_all_is_well() -> None:
    found = verdict(SEEN, dict.fromkeys("abc", WELL), [], None)
    assert found.passed and (found.calls, found.lost, found.failed) == (3, 0, 0)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (replace(WELL, ended=False), "1 calls have no end"),
        (replace(WELL, tickets=0), "1 calls have no ticket"),
        (replace(WELL, tickets=2), "1 calls have two tickets"),
        (replace(WELL, ends=2), "1 journeys end never, or twice"),
        (replace(WELL, passed=("hello", "choose", "hello")), "1 calls came through a node again"),
    ],
)
def test_what_is_wrong_with_one_call_is_said(bad: Stored, says: str) -> None:
    found = verdict(SEEN, {"a": WELL, "b": WELL, "c": bad}, [], None)
    assert found.wrong == [says] and not found.passed


def test_who_is_lost_is_forgiven_only_when_it_could_not_be_helped() -> None:
    seen = [*SEEN, Seen(5.0, answered=True, whole=False)]
    stored = dict.fromkeys("abcd", WELL)
    assert verdict(seen, stored, [], None).lost == 1
    assert verdict(seen, stored, [], (4.0, 6.0)).passed
    assert verdict(seen, stored, [], (0.0, 5.0)).lost == 1


def test_the_store_knows_all_that_were_served_and_no_other() -> None:
    assert verdict(SEEN, dict.fromkeys("ab", WELL), [], None).wrong == [
        "1 callers were served of whom the store knows nothing"
    ]
    assert not verdict(SEEN, dict.fromkeys("abcd", WELL), [], None).passed


def test_the_last_step_may_be_done_again() -> None:
    again = replace(WELL, passed=("hello", "hello", "choose"))
    assert verdict(SEEN, dict.fromkeys("abc", again), [], None).passed


def test_what_is_left_over_is_said() -> None:
    assert verdict(SEEN, dict.fromkeys("abc", WELL), ["2 bridges are left"], None).wrong == ["2 bridges are left"]
