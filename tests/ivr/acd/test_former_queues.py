"""Queues change under the calls that wait in them: published flows have other queues."""

from ivr.acd.router import step
from ivr.acd.state import Queue, State
from ivr.acd.words import Accepted, Arranged, Arrived, Exit, Finished, Joined, Left, Offer, SignedIn

OLD, NEW = Queue("old", wrap_up=7), Queue("new")


def floor() -> State:
    state = State({})
    step(state, Arranged((OLD,)), 0)
    step(state, Joined("1", (), frozenset({"all"})), 0)
    step(state, SignedIn("1", "op-1"), 0)
    return state


def test_a_queue_that_is_gone_stays_until_the_last_call_has_left_it() -> None:
    state = floor()
    assert step(state, Arrived("a", "old"), 1)[0] == Offer("a", "1", "op-1", OLD.ring)
    step(state, Arrived("b", "old"), 1)
    step(state, Arranged((NEW,)), 2)
    assert set(state.queues) == {"old", "new"}
    step(state, Accepted("a", "1"), 3)
    step(state, Left("b"), 4)
    assert set(state.queues) == {"old", "new"}, "a is still talking"
    step(state, Finished("a"), 5)
    assert state.operators["1"].wrap_up_until == 5 + OLD.wrap_up
    assert set(state.queues) == {"new"} and not state.former


def test_an_empty_queue_goes_at_once_and_the_newest_terms_count() -> None:
    state = floor()
    step(state, Arranged((NEW, Queue("old", ring=3))), 1)
    assert step(state, Arrived("a", "old"), 1)[0] == Offer("a", "1", "op-1", 3)
    step(state, Left("a"), 2)
    step(state, Arranged((NEW,)), 2)
    assert set(state.queues) == {"new"}


def test_a_call_on_an_old_version_brings_its_queue_along() -> None:
    state = floor()
    step(state, Arranged((NEW,)), 1)
    assert step(state, Arrived("a", "old", terms=OLD), 2)[0] == Offer("a", "1", "op-1", OLD.ring)
    step(state, Arranged((NEW, OLD)), 3)
    step(state, Left("a"), 4)
    assert set(state.queues) == {"new", "old"}, "it is back to stay"


def test_a_queue_brought_along_for_nothing_is_not_kept() -> None:
    state = State({})
    assert step(state, Arrived("a", "old", terms=OLD), 2) == [Exit("a", "unstaffed")]
    assert not state.queues and not state.former
