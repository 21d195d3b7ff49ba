"""The estimated wait: unknown until it is measured, then the queue played forward."""

from ivr.acd import words as w
from ivr.acd.estimate import OVERTIME, wait
from ivr.acd.router import step
from ivr.acd.state import MEASURED, Average, Queue, State
from tests.ivr.acd.floors import floor


def busy(number: int) -> State:
    """So many operators, each with a call since second 0, and conversations that usually last 100 s."""
    codes = [str(code) for code in range(number)]
    state = floor(*codes, queue=Queue("q", wrap_up=0, announce_every=30))
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


def test_a_conversation_that_lasts_longer_than_usual_is_taken_to_end_soon() -> None:
    state = busy(1)
    assert announced(step(state, w.Arrived("a", "q"), 500)) == [("a", 1, 100 * OVERTIME)]


def test_who_goes_on_a_pause_after_the_call_is_not_counted_on() -> None:
    state = busy(1)
    step(state, w.Paused("0", "lunch"), 1)
    step(state, w.Arrived("a", "q"), 1)
    assert wait(state, state.waiting["a"], 2) is None


def test_the_average_follows_the_day() -> None:
    average = Average()
    for _ in range(200):
        average.add(100)
    assert average.mean == 100
    for _ in range(200):
        average.add(300)
    assert 290 < average.mean < 300
