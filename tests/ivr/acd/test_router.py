import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.acd import router
from ivr.acd.router import Operator, Queue, State, step


def floor(*operators: Operator, queue: Queue | None = None) -> State:
    state = State({"q": queue or Queue("q", ring=20, wrap_up=30, max_waiting=3)})
    for operator in operators:
        state.operators[operator.code] = operator
        step(state, router.SignedIn(operator.code), 0)
    return state


def italian(code: str, *more: str) -> Operator:
    return Operator(code, frozenset({"it", *more}), frozenset({"all"}))


def offers(actions: list[router.Action]) -> list[tuple[str, str]]:
    return [(action.call, action.operator) for action in actions if isinstance(action, router.Offer)]


def test_the_one_who_is_idle_longest_is_offered_the_oldest_call() -> None:
    state = floor(italian("1"), italian("2"))
    state.operators["1"].since = 5
    assert offers(step(state, router.Arrived("a", "q", ("it",)), 10)) == [("a", "2")]
    assert offers(step(state, router.Arrived("b", "q", ("it",)), 11)) == [("b", "1")]


def test_skills_do_not_hold_up_the_next_call() -> None:
    state = floor(italian("1"), Operator("2", frozenset({"de"}), frozenset({"q"})))
    step(state, router.SignedIn("2"), 0)
    assert offers(step(state, router.Arrived("a", "q", ("de",)), 1)) == [("a", "2")]
    assert offers(step(state, router.Arrived("b", "q", ("de",)), 2)) == []
    assert offers(step(state, router.Arrived("c", "q", ("it",)), 3)) == [("c", "1")]


def test_who_misses_a_call_is_paused_and_the_next_is_offered() -> None:
    state = floor(italian("1"), italian("2"))
    assert offers(step(state, router.Arrived("a", "q"), 1)) == [("a", "1")]
    actions = step(state, router.Tick(), 21)
    assert router.Withdraw("a", "1") in actions and offers(actions) == [("a", "2")]
    assert state.operators["1"].presence == "paused"


def test_full_and_unstaffed_and_timeout() -> None:
    assert step(floor(), router.Arrived("a", "q"), 1) == [router.Exit("a", "unstaffed")]
    state = floor(italian("1"))
    state.operators["1"].presence = "wrap-up"
    state.operators["1"].wrap_up_until = 1e9
    for number in range(3):
        step(state, router.Arrived(f"a{number}", "q", max_wait=60), 1)
    assert step(state, router.Arrived("b", "q"), 1) == [router.Exit("b", "full")]
    assert router.next_deadline(state, 1) == 61
    assert step(state, router.Tick(), 61) == [router.Exit(f"a{number}", "timeout") for number in range(3)]


def test_conversation_wrap_up_and_the_next_call() -> None:
    state = floor(italian("1"))
    step(state, router.Arrived("a", "q"), 1)
    step(state, router.Accepted("a", "1"), 3)
    assert offers(step(state, router.Arrived("b", "q"), 4)) == []
    step(state, router.Finished("a"), 100)
    assert state.operators["1"].presence == "wrap-up"
    assert offers(step(state, router.WrappedUp("1"), 110)) == [("b", "1")]


def test_overflow_relaxes_the_skills() -> None:
    state = floor(italian("1"), queue=Queue("q", overflow=((90, ()),)))
    assert offers(step(state, router.Arrived("a", "q", ("de",)), 0)) == []
    assert router.next_deadline(state, 0) == 90
    assert offers(step(state, router.Tick(), 90)) == [("a", "1")]


def test_ring_all_and_the_first_to_answer() -> None:
    state = floor(italian("1"), italian("2"), queue=Queue("q", strategy="ring-all"))
    assert offers(step(state, router.Arrived("a", "q"), 0)) == [("a", "1"), ("a", "2")]
    assert router.Withdraw("a", "1") in step(state, router.Accepted("a", "2"), 1)
    assert state.operators["1"].presence == "ready"


def test_priority_goes_before_age() -> None:
    state = floor(italian("1"))
    state.operators["1"].presence = "talking"
    step(state, router.Arrived("old", "q"), 0)
    step(state, router.Arrived("urgent", "q", priority=5), 10)
    assert router.position(state, "urgent") == 1 and router.position(state, "old") == 2


CODES, CALLS = st.sampled_from("12"), st.sampled_from("abcde")
EVENTS = st.one_of(
    st.builds(router.Arrived, CALLS, st.just("q"), st.sampled_from([(), ("it",), ("de",)]), st.integers(0, 9)),
    st.builds(router.Left, CALLS),
    st.builds(router.Accepted, CALLS, CODES),
    st.builds(router.Missed, CALLS, CODES, st.booleans()),
    st.builds(router.Finished, CALLS),
    st.builds(router.WrappedUp, CODES),
    st.builds(router.SignedIn, CODES),
    st.builds(router.SignedOut, CODES),
    st.just(router.Tick()),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(EVENTS, st.floats(0, 30)), max_size=60), st.sampled_from(["longest-idle", "ring-all"]))
def test_any_events_keep_the_rules(events: list[tuple[router.Event, float]], strategy: router.Strategy) -> None:
    state, now = floor(italian("1"), italian("2", "de"), queue=Queue("q", strategy, max_waiting=3)), 0.0
    for event, passed in events:
        now += passed
        step(state, event, now)
        offered = [code for call in state.waiting.values() for code in call.offered]
        assert len(offered) == len(set(offered)), "one offer an operator"
        for code, operator in state.operators.items():
            assert (operator.presence == "ringing") == (code in offered)
        assert not state.waiting.keys() & state.talking.keys()
        assert len(state.waiting) <= 3


def test_deadlines_are_not_in_the_past_forever() -> None:
    state = floor(italian("1"), queue=Queue("q", announce_every=45, overflow=((5, ()),)))
    step(state, router.Arrived("a", "q", max_wait=600), 0)
    assert router.next_deadline(state, 6) == pytest.approx(20)
