"""The estimated wait: unknown until it is measured, then the queue played forward."""

from ivr.acd import words as w
from ivr.acd.estimate import waits
from ivr.acd.router import step
from ivr.acd.state import MEASURED, Average, Queue, State
from tests.ivr.acd.floors import floor


def busy(number: int) -> State:
    """So many operators, each with a call since second 0, and conversations that usually last 100 s."""
    codes = [str(code).rjust(len(str(number - 1)), "0") for code in range(number)]
    state = floor(*codes, queue=Queue("q", wrap_up=0, announce_every=30, max_waiting=500))
    for code in codes:
        step(state, w.Arrived(f"c{code}", "q"), 0)
        step(state, w.Accepted(f"c{code}", code), 0)
    state.handling["q"] = Average(MEASURED, 100.0)
    return state


def announced(actions: list[w.Action]) -> list[tuple[str, int, float | None]]:
    return [(one.call, one.position, one.wait) for one in actions if isinstance(one, w.Announce)]


def test_nobody_knows_before_it_is_measured() -> None:
    state = busy(1)
    state.handling["q"] = Average(MEASURED - 1, 100.0)
    assert announced(step(state, w.Arrived("a", "q"), 1)) == [("a", 1, None)]
    step(state, w.Finished("c0"), 40)
    step(state, w.Tick(), 40)
    assert state.handling["q"].known


def test_the_first_waits_for_who_is_free_first_and_the_next_for_the_one_after() -> None:
    state = busy(2)
    assert announced(step(state, w.Arrived("a", "q"), 30)) == [("a", 1, 70.0)]
    assert announced(step(state, w.Arrived("b", "q"), 30)) == [("b", 2, 70.0)]
    assert announced(step(state, w.Arrived("c", "q"), 30)) == [("c", 3, 170.0)]


def test_of_many_conversations_in_overtime_one_ends_soon() -> None:
    state = busy(100)
    [(_, _, wait)] = announced(step(state, w.Arrived("a", "q"), 500))
    assert wait is not None and wait < 1


def test_who_goes_on_a_pause_after_the_call_is_not_counted_on() -> None:
    state = busy(1)
    step(state, w.Paused("0", "lunch"), 1)
    step(state, w.Arrived("a", "q"), 1)
    assert waits(state, [state.waiting["a"]], 2) == {}


def test_a_call_ahead_that_another_operator_takes_does_not_count() -> None:
    state = busy(2)
    step(state, w.Joined("9", (("de", 5),), frozenset({"all"})), 0)
    step(state, w.SignedIn("9", "op-9"), 0)
    step(state, w.Arrived("d", "q", ("de",)), 0)
    step(state, w.Accepted("d", "9"), 0)
    for call in "abc":
        step(state, w.Arrived(call, "q", ("it",)), 10)
    assert announced(step(state, w.Arrived("german", "q", ("de",)), 10)) == [("german", 4, 90.0)]


def test_callers_who_give_up_shorten_the_wait_of_those_behind() -> None:
    state = busy(1)
    for number in range(50):
        step(state, w.Arrived(f"x{number}", "q"), 1)
        step(state, w.Left(f"x{number}"), 11)
    step(state, w.Arrived("a", "q"), 20)
    [(_, _, wait)] = announced(step(state, w.Arrived("b", "q"), 20))
    assert wait is not None and 80 < wait < 95, "who is before gives up after ten seconds, most likely"


def test_the_average_follows_the_day() -> None:
    average = Average()
    for _ in range(200):
        average.add(100)
    assert average.mean == 100
    for _ in range(200):
        average.add(300)
    assert 290 < average.mean < 300
