import pytest

from ivr.acd import words as w
from ivr.acd.router import next_deadline, position, step
from ivr.acd.state import GRACE, Queue
from tests.ivr.acd.floors import floor, offers


def test_the_one_who_is_idle_longest_is_offered_the_oldest_call() -> None:
    state = floor("1", "2")
    state.operators["1"].idle_since = 5
    assert offers(step(state, w.Arrived("a", "q", ("it",)), 10)) == [("a", "2")]
    assert offers(step(state, w.Arrived("b", "q", ("it",)), 11)) == [("b", "1")]


def test_an_offer_names_the_phone_that_was_signed_in_from() -> None:
    state = floor("1")
    step(state, w.SignedIn("1", "web-1"), 1)
    assert w.Offer("a", "1", "web-1", 20) in step(state, w.Arrived("a", "q"), 2)


def test_skills_do_not_hold_up_the_next_call() -> None:
    state = floor("1", s2={"de": 5})
    assert offers(step(state, w.Arrived("a", "q", ("de",)), 1)) == [("a", "2")]
    assert offers(step(state, w.Arrived("b", "q", ("de",)), 2)) == []
    assert offers(step(state, w.Arrived("c", "q", ("it",)), 3)) == [("c", "1")]


def test_the_highest_level_goes_first_and_a_least_level_is_kept() -> None:
    state = floor(s1={"tax": 3}, s2={"tax": 8}, s3={"tax": 6})
    assert offers(step(state, w.Arrived("a", "q", ("tax",)), 1)) == [("a", "2")]
    assert offers(step(state, w.Arrived("b", "q", ("tax>=5",)), 1)) == [("b", "3")]
    assert offers(step(state, w.Arrived("c", "q", ("tax>=5",)), 1)) == []


def test_who_misses_a_call_is_paused_and_the_next_is_offered_at_once() -> None:
    state = floor("1", "2")
    assert offers(step(state, w.Arrived("a", "q"), 1)) == [("a", "1")]
    actions = step(state, w.Tick(), 21)
    assert w.Withdraw("a", "1", missed=True) in actions and offers(actions) == [("a", "2")]
    assert w.Present("1", "paused", "missed", phone="op-1") in actions
    assert offers(step(state, w.Missed("a", "2"), 22)) == []
    assert offers(step(state, w.Resumed("1", "page"), 23)) == [("a", "1")]


def test_who_hangs_up_before_the_conversation_has_missed_it_and_the_caller_keeps_the_place() -> None:
    state = floor("1", queue=Queue("q", "fewest-calls"))
    step(state, w.Arrived("a", "q"), 1)
    step(state, w.Arrived("b", "q"), 2)
    step(state, w.Accepted("a", "1"), 3)
    assert step(state, w.Missed("a", "1"), 7) == [w.Present("1", "paused", "missed", phone="op-1")]
    assert step(state, w.Arrived("a", "q", waited=6), 7) == [] and position(state, "a") == 1
    assert offers(step(state, w.Resumed("1"), 8)) == [("a", "1")]
    assert state.operators["1"].taken == 0 and not state.handling
    assert step(state, w.Missed("a", "2"), 9) == [], "it is not theirs"


def test_who_asked_for_a_pause_and_then_hangs_up_before_the_conversation_has_that_pause() -> None:
    state = floor("1")
    step(state, w.Arrived("a", "q"), 1)
    step(state, w.Accepted("a", "1"), 2)
    step(state, w.Paused("1", "lunch", "page"), 3)
    assert step(state, w.Missed("a", "1"), 4) == [w.Present("1", "paused", "lunch", phone="op-1", by="page")]


def test_who_has_not_spoken_with_the_caller_has_nothing_to_wrap_up() -> None:
    state = floor("1")
    step(state, w.Arrived("a", "q"), 1)
    step(state, w.Accepted("a", "1"), 2)
    assert step(state, w.Finished("a", spoken=False), 5) == [w.Present("1", "ready", phone="op-1")]
    assert not state.handling, "no conversation was measured"


def test_a_phone_that_is_gone_makes_its_operator_unreachable_until_it_is_back() -> None:
    state = floor("1", "2")
    step(state, w.Paused("2", "break"), 0)
    step(state, w.Arrived("a", "q"), 1)
    assert w.Present("1", "unreachable", phone="op-1") in step(state, w.Missed("a", "1", absent=True), 2)
    assert w.Present("2", "unreachable", "break", phone="op-2") in step(state, w.Vanished("2"), 3)
    assert offers(step(state, w.Reached("1"), 4)) == [("a", "1")]
    assert w.Present("2", "paused", "break", phone="op-2") in step(state, w.Reached("2"), 4)
    actions = step(state, w.Vanished("1"), 5)
    assert w.Withdraw("a", "1") in actions and state.operators["1"].presence == "unreachable"


def test_a_phone_that_goes_during_a_call_is_missed_after_it() -> None:
    state = floor("1", "2")
    step(state, w.Arrived("a", "q"), 1)
    step(state, w.Accepted("a", "1"), 2)
    assert not [one for one in step(state, w.Vanished("1"), 3) if isinstance(one, w.Present)]
    step(state, w.Finished("a"), 4)
    step(state, w.WrappedUp("1"), 5)
    assert state.operators["1"].presence == "unreachable"


def test_callers_outlast_a_short_loss_of_all_phones() -> None:
    state = floor("1")
    state.operators["1"].presence = "unreachable"
    assert step(state, w.Arrived("a", "q"), 1) == []
    assert next_deadline(state, 1) == GRACE
    assert step(state, w.Tick(), GRACE) == [w.Exit("a", "unstaffed")]


def test_full_and_unstaffed_and_timeout() -> None:
    assert step(floor(), w.Arrived("a", "q"), 1) == [w.Exit("a", "unstaffed")]
    state = floor("1")
    step(state, w.Paused("1", "break"), 0)
    for number in range(3):
        step(state, w.Arrived(f"a{number}", "q", max_wait=60), 1)
    assert step(state, w.Arrived("b", "q"), 1) == [w.Exit("b", "full")]
    assert step(state, w.Arrived("back", "q", waited=30, max_wait=60), 1) == [], "who comes back is let in"
    assert next_deadline(state, 1) == 31
    assert step(state, w.Tick(), 61)[:3] == [
        w.Exit("a0", "timeout"), w.Exit("a1", "timeout"), w.Exit("a2", "timeout")
    ]  # fmt: skip


def test_conversation_wrap_up_and_the_next_call() -> None:
    state = floor("1")
    step(state, w.Arrived("a", "q"), 1)
    step(state, w.Accepted("a", "1"), 3)
    assert offers(step(state, w.Arrived("b", "q"), 4)) == []
    step(state, w.Finished("a"), 100)
    assert state.operators["1"].presence == "wrap-up" and next_deadline(state, 100) == 130
    assert offers(step(state, w.WrappedUp("1"), 110)) == [("b", "1")]
    step(state, w.Accepted("b", "1"), 111)
    step(state, w.Finished("b"), 120)
    assert w.Present("1", "ready", phone="op-1") in step(state, w.Tick(), 150)


@pytest.mark.parametrize(
    ("asked", "then"),
    [(w.Paused("1", "lunch", "page"), ("paused", "lunch")), (w.SignedOut("1", "supervisor eva"), ("signed-out", ""))],
)
def test_a_pause_or_sign_out_during_a_call_begins_after_it(asked: w.Event, then: tuple[str, str]) -> None:
    state = floor("1")
    step(state, w.Arrived("a", "q"), 1)
    step(state, w.Accepted("a", "1"), 2)
    assert step(state, asked, 3) == []
    step(state, w.Finished("a"), 10)
    [present] = step(state, w.WrappedUp("1"), 12)
    assert isinstance(present, w.Present)
    assert (present.presence, present.reason) == then and present.by == asked.by  # type: ignore[union-attr]


def test_a_pause_takes_back_the_offer_and_the_call_goes_on_to_the_next() -> None:
    state = floor("1", "2")
    step(state, w.Arrived("a", "q"), 1)
    actions = step(state, w.Paused("1", "break", "phone"), 2)
    assert w.Withdraw("a", "1") in actions and offers(actions) == [("a", "2")]


def test_an_overflow_may_ask_for_a_level_of_the_calls_language() -> None:
    state = floor(s1={"de": 3}, s2={"de": 6, "it": 5}, queue=Queue("q", overflow=((60, ("language>=5",)),)))
    assert offers(step(state, w.Arrived("a", "q", ("de", "tax"), language="de"), 0)) == []
    assert offers(step(state, w.Tick(), 60)) == [("a", "2")]


def test_overflow_relaxes_the_needs_in_steps() -> None:
    queue = Queue("q", overflow=((60, ("language",)), (90, ())))
    state = floor("1", s2={"de": 5}, queue=queue)
    step(state, w.Paused("2", "break"), 0)
    assert offers(step(state, w.Arrived("a", "q", ("de", "tax"), language="de"), 0)) == []
    assert next_deadline(state, 0) == 60
    assert offers(step(state, w.Tick(), 60)) == []
    assert offers(step(state, w.Resumed("2"), 61)) == [("a", "2")]
    step(state, w.Paused("2", "break"), 62)
    assert next_deadline(state, 62) == 90
    assert offers(step(state, w.Tick(), 90)) == [("a", "1")]


def test_ring_all_and_the_first_to_answer() -> None:
    state = floor("1", "2", queue=Queue("q", strategy="ring-all"))
    step(state, w.Paused("2", "break"), 0)
    assert offers(step(state, w.Arrived("a", "q"), 1)) == [("a", "1")]
    assert offers(step(state, w.Resumed("2"), 2)) == [("a", "2")], "who comes later is rung, too"
    assert w.Withdraw("a", "1") in step(state, w.Accepted("a", "2"), 3)
    assert state.operators["1"].presence == "ready" and state.operators["1"].idle_since == 0


def test_priority_is_time_so_that_nobody_waits_for_ever() -> None:
    state = floor("1", queue=Queue("q", ageing=60))
    step(state, w.Paused("1", "break"), 0)
    step(state, w.Arrived("old", "q"), 0)
    step(state, w.Arrived("urgent", "q", priority=2), 100)
    step(state, w.Arrived("late", "q", priority=2), 130)
    assert [position(state, call) for call in ("urgent", "old", "late")] == [1, 2, 3]


def test_a_supervisor_moves_a_waiting_call() -> None:
    state = floor("1")
    step(state, w.Arranged((*state.queues.values(), Queue("other"))), 0)
    step(state, w.Joined("1", (("it", 5),), frozenset({"other"})), 0)
    for at, call in enumerate("abc"):
        step(state, w.Arrived(call, "q", terms=None), at) if at else None
    step(state, w.Joined("1", (("it", 5),), frozenset({"all"})), 0)
    step(state, w.Paused("1", "break"), 3)
    for at, call in enumerate("abc"):
        step(state, w.Arrived(call, "q"), 4 + at)
    step(state, w.Moved("c", front=True), 8)
    assert [position(state, call) for call in "cab"] == [1, 2, 3]
    step(state, w.Moved("b", "other"), 9)
    assert state.waiting["b"].queue == "other" and position(state, "b") == 1
    step(state, w.Moved("a", "nowhere"), 9)
    assert state.waiting["a"].queue == "q"
    assert offers(step(state, w.Resumed("1"), 10)) == [("c", "1")]
    assert step(state, w.Moved("c", front=True), 11) == [], "the phone rings on"
    assert w.Withdraw("c", "1") in step(state, w.Moved("c", "other"), 12)


def test_who_is_removed_gets_nothing_more() -> None:
    state = floor("1", "2")
    step(state, w.Arrived("a", "q"), 1)
    actions = step(state, w.Removed("1"), 2)
    assert w.Withdraw("a", "1") in actions and offers(actions) == [("a", "2")]
    step(state, w.Accepted("a", "2"), 3)
    step(state, w.Removed("2"), 4)
    assert step(state, w.Finished("a"), 5) == [] and not state.operators


def test_deadlines_are_not_in_the_past_forever() -> None:
    state = floor("1", queue=Queue("q", announce_every=45, overflow=((5, ()),)))
    step(state, w.Arrived("a", "q", max_wait=600), 0)
    assert next_deadline(state, 6) == pytest.approx(20)


def test_slow_news_costs_no_caller_their_place() -> None:
    state = floor("1")
    step(state, w.Paused("1", "break"), 0)
    step(state, w.Arrived("later", "q"), 10.0)
    step(state, w.Arrived("earlier", "q", on_its_way=2.0), 11.0)
    assert [position(state, call) for call in ("earlier", "later")] == [1, 2]
