from ivr.acd import lead, router
from ivr.acd import words as w
from ivr.acd.state import Operator, Queue, State, personal

HELD = lead.Lease("one", "there:1", 7, 3.0)
OVER = lead.Lease("one", "there:1", 7, -1.0)


def test_who_leads() -> None:
    assert lead.move("two", 0, HELD, hears=False) == "follow"
    assert lead.move("two", 0, OVER, hears=False) == "take"
    assert lead.move("two", 0, OVER, hears=True) == "wait", "the store was away; the lead is there"
    assert lead.move("two", 0, HELD, hears=False, gone=7) == "take", "nobody is at its address"
    assert lead.move("two", 0, HELD, hears=False, gone=6) == "follow"
    assert lead.move("one", 7, OVER, hears=False) == "renew", "nobody has taken it"
    assert lead.move("one", 6, HELD, hears=False) == "take", "its own, of a former life"
    assert lead.move("two", 6, HELD, hears=False) == "follow", "another has taken it"


def floor(*codes: str) -> State:
    state = State({"q": Queue("q", wrap_up=30)})
    for code in codes:
        router.step(state, w.Joined(code, (), frozenset({"all"}), presence="ready", phone=f"op-{code}"), 0)
    return state


def test_an_account_says_who_waits_who_rings_and_who_talks() -> None:
    calls = lead.Calls()
    for at, call in ((0.0, "a"), (5.0, "b"), (6.0, "c")):
        calls.note(w.Arrived(call, "q"), at)
    calls.told(w.Offer("a", "1", "op-1", 20.0), 7.0)
    assert calls.note(w.Accepted("a", "1"), 9.0)
    assert not calls.note(w.Accepted("a", "2"), 9.0), "another was first"
    calls.told(w.Offer("b", "2", "op-2", 20.0), 8.0)
    calls.note(w.Left("c"), 9.0)
    account = calls.account(10.0)
    assert [(one.arrived.call, one.waited, one.offered) for one in account.waiting] == [("b", 5.0, {"2": 18.0})]
    assert [(one.call, one.operator, one.since) for one in account.talking] == [("a", "1", 3.0)]

    state = floor("1", "2", "3")
    lead.adopt(state, account, 100.0)
    assert {code: (one.presence, one.call) for code, one in state.operators.items()} == {
        "1": ("talking", "a"),
        "2": ("offered", "b"),
        "3": ("ready", ""),
    }
    assert state.waiting["b"].since == 95.0
    assert router.step(state, w.Tick(), 101.0) == [], "nothing is offered twice"
    assert w.Present("1", "wrap-up", call="a", phone="op-1") in router.step(state, w.Finished("a"), 110.0)


def test_a_call_whose_operator_hung_up_before_the_conversation_waits_again() -> None:
    calls = lead.Calls()
    calls.note(w.Arrived("a", "q"), 0.0)
    calls.told(w.Offer("a", "1", "op-1", 20.0), 0.0)
    calls.note(w.Accepted("a", "1"), 5.0)
    calls.note(w.Missed("a", "1"), 9.0)
    calls.note(w.Arrived("a", "q", waited=9.0), 9.0)
    account = calls.account(10.0)
    assert not account.talking and [(one.arrived.call, one.waited) for one in account.waiting] == [("a", 10.0)]


def test_an_answer_as_the_ringing_ends() -> None:
    """The lead has taken the offer back while the answer was on its way: the caller waits on."""
    calls = lead.Calls()
    calls.note(w.Arrived("a", "q"), 0.0)
    calls.told(w.Offer("a", "1", "op-1", 20.0), 0.0)
    assert calls.note(w.Accepted("a", "1"), 20.0)
    assert calls.told(w.Withdraw("a", "1"), 20.0) and calls.told(w.Offer("a", "2", "op-2", 20.0), 20.0)
    assert [(one.arrived.call, one.waited) for one in calls.account(30.0).waiting] == [("a", 30.0)]


def test_two_accounts_that_ring_one_operator() -> None:
    state = floor("1")
    one, other = lead.Calls(), lead.Calls()
    for calls, call in ((one, "a"), (other, "b")):
        calls.note(w.Arrived(call, "q"), 0.0)
        calls.told(w.Offer(call, "1", "op-1", 20.0), 1.0)
    lead.adopt(state, one.account(2.0), 2.0)
    assert w.Withdraw("b", "1") in lead.adopt(state, other.account(2.0), 2.0)
    assert state.operators["1"].call == "a" and set(state.waiting) == {"a", "b"}


def test_calls_that_an_account_no_longer_has_are_over() -> None:
    state, calls = floor("1"), lead.Calls()
    for call in ("a", "b"):
        router.step(state, w.Arrived(call, "q"), 0.0)
    calls.note(w.Arrived("b", "q"), 0.0)
    assert lead.over(state, ["a", "b"], calls.account(1.0)) == [w.Left("a")]


def test_a_new_lead_goes_on_from_how_the_operators_stood() -> None:
    state = floor("1", "2")
    router.step(state, w.Arrived("a", "q"), 10.0)
    router.step(state, w.Accepted("a", "1"), 12.0)
    router.step(state, w.Paused("2", "lunch"), 13.0)
    told = [lead.standing(state, one, 20.0) for one in state.operators.values()]
    other = State({"q": Queue("q", wrap_up=30)}, {"1": Operator("1", {}, frozenset({"all"}))})
    for one in told:
        lead.mirror(other, one, 1020.0)
    assert lead.inherit(other, 1020.0) == ["a"]
    assert (other.operators["2"].presence, other.operators["2"].reason) == ("paused", "lunch")
    router.step(other, w.Left("a"), 1026.0)
    assert other.operators["1"].presence == "wrap-up" and other.operators["1"].wrap_up_until == 1056.0


def test_a_new_lead_knows_no_queue_of_one_who_was_asked_by_a_call_that_is_over() -> None:
    """Whoever was consulted had that call in a queue of their own, which only the former lead had."""
    state = floor("1", "2")
    router.step(state, w.Arrived("a-consult-1", "@2", terms=personal("2")), 10.0)
    router.step(state, w.Accepted("a-consult-1", "2"), 12.0)
    other = State({"q": Queue("q")}, {"2": Operator("2", {}, frozenset({"all"}))})
    lead.mirror(other, lead.standing(state, state.operators["2"], 20.0), 1020.0)
    assert lead.inherit(other, 1020.0) == ["a-consult-1"]
    router.step(other, w.Left("a-consult-1"), 1026.0)
    assert (other.operators["2"].presence, other.operators["2"].wrap_up_until) == (
        "wrap-up",
        1026.0 + personal("2").wrap_up,
    )


def test_a_call_that_was_moved_is_in_its_new_queue_for_the_next_lead() -> None:
    calls = lead.Calls()
    calls.note(w.Arrived("a", "q", terms=Queue("q", wrap_up=7)), 1)
    calls.note(w.Moved("a", "other"), 2)
    calls.note(w.Moved("a", front=True), 3)
    arrived = calls.account(4).waiting[0].arrived
    assert (arrived.queue, arrived.terms) == ("other", Queue("other", wrap_up=7))


def test_a_call_at_the_front_is_there_for_the_next_lead() -> None:
    mine = lead.Calls()
    for number, call in enumerate("abc"):
        mine.note(w.Arrived(call, "q"), float(number))
    mine.note(w.Moved("c", front=True), 4.0)
    state = floor()
    lead.adopt(state, mine.account(5.0), 5.0)
    assert [router.position(state, call) for call in "abc"] == [2, 3, 1]
    mine.note(w.Moved("c", "q"), 6.0)
    assert not any(one.front for one in mine.account(7.0).waiting), "another queue has another front"


def test_who_follows_measures_how_long_operators_need() -> None:
    state, other = floor("1"), floor("1")
    for number in range(3):
        at, call = 100.0 * number, f"call{number}"
        for event, after in (
            (w.Arrived(call, "q"), 0), (w.Accepted(call, "1"), 2), (w.Finished(call), 50), (w.WrappedUp("1"), 60),
        ):  # fmt: skip
            router.step(state, event, at + after)
            lead.mirror(other, lead.standing(state, state.operators["1"], at + after), 7000.0 + at + after)
    assert other.handling["q"].count == state.handling["q"].count == 3
    assert abs(other.handling["q"].mean - state.handling["q"].mean) < 1e-6
