"""What the router promises at its head, after every step of random days.

The needs, places and offers are worked out here anew, from what was said to the router, not from its own ideas of them.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.acd import words as w
from ivr.acd.router import next_deadline, position, step
from ivr.acd.state import Queue, State, Waiting

OVERFLOW = 40.0
QUEUES = (
    Queue("q", ring=10, wrap_up=5, max_waiting=4, overflow=((OVERFLOW, ("language",)),), announce_every=15, ageing=20),
    Queue("r", "fewest-calls", ring=7, wrap_up=3, max_waiting=4, ageing=30),
    Queue("s", "ring-all", ring=9, wrap_up=4, max_waiting=4),
)
STAFF = {
    "1": w.Joined("1", (("it", 5),), frozenset({"all"})),
    "2": w.Joined("2", (("it", 7), ("de", 3)), frozenset({"q", "r"})),
    "3": w.Joined("3", (("de", 9), ("tax", 4)), frozenset({"all"})),
}
CODES, CALLS = st.sampled_from(sorted(STAFF)), st.sampled_from("abcdefgh")
NEEDS = st.sampled_from([(), ("it",), ("de",), ("de>=5",), ("tax", "de")])
EVENTS = st.one_of(
    st.builds(
        w.Arrived, CALLS, st.sampled_from("qrs"), NEEDS, st.integers(0, 9), st.sampled_from([None, 60.0]),
        st.sampled_from([0.0, 0.0, 25.0]), language=st.sampled_from(["it", "de"]),
    ),
    st.builds(w.Arrived, CALLS, st.just("q"), st.just(("it",)), language=st.just("it")),
    st.builds(w.Left, CALLS),
    st.builds(w.Moved, CALLS, st.sampled_from(["", "q", "r", "s"]), st.booleans()),
    st.builds(w.Accepted, CALLS, CODES),
    st.builds(w.Missed, CALLS, CODES, st.booleans()),
    st.builds(w.Finished, CALLS, st.booleans()),
    CODES.map(STAFF.__getitem__),
    st.builds(w.Removed, CODES),
    st.builds(w.SignedIn, CODES, st.sampled_from(["op", "web"])),
    st.builds(w.SignedOut, CODES),
    st.builds(w.Paused, CODES, st.sampled_from(["break", "lunch"])),
    st.builds(w.Resumed, CODES),
    st.builds(w.WrappedUp, CODES),
    st.builds(w.Vanished, CODES),
    st.builds(w.Reached, CODES),
    st.just(w.Tick()),
)  # fmt: skip
DAYS = st.lists(st.tuples(EVENTS, st.floats(0, 20)), max_size=80)


def asked(call: Waiting, now: float) -> tuple[str, ...]:
    return (call.language,) if call.queue == "q" and now >= call.since + OVERFLOW else call.needs


def fit(state: State, call: Waiting, code: str, now: float) -> bool:
    wanted = asked(call, now)
    skills = dict(STAFF[code].skills)
    has = all(skills.get(need.partition(">=")[0], 0) >= int(need.partition(">=")[2] or 1) for need in wanted)
    return has and bool(STAFF[code].queues & {"all", call.queue})


def moments(state: State, now: float, event: w.Event, until: float) -> Iterator[tuple[float, w.Event]]:
    """The event, and before it the moments at which the floor's clock rings, while each is dealt with."""
    while (at := next_deadline(state, now)) is not None and at < until:
        now = max(at, now + 0.01)
        yield now, w.Tick()
    yield until, event


@settings(max_examples=800, deadline=None)
@given(DAYS)
def test_what_the_router_promises(day: list[tuple[w.Event, float]]) -> None:
    state, now = State({}), 0.0
    step(state, w.Arranged(QUEUES), now)
    for joined in STAFF.values():
        step(state, joined, now)
        step(state, w.SignedIn(joined.operator, "op"), now)
    rung: dict[str, set[str]] = {}  # by call, as the actions said
    for event, passed in day:
        begun, now = now, now + passed
        for at, one in moments(state, begun, event, now):
            places = {call: position(state, call) for call in state.waiting}
            check(state, step(state, one, at), rung, at)
            if isinstance(one, w.Tick):
                assert all(position(state, call) <= place for call, place in places.items()), "a place only shrinks"


@pytest.mark.parametrize("seed", range(20))
def test_what_the_router_promises_on_a_crowded_day(seed: int) -> None:
    """More calls than operators can take, all queues full, offers taken, missed and withdrawn."""
    chance, state, now, numbers = Random(seed), State({}), 0.0, count()
    step(state, w.Arranged(tuple(replace(queue, max_waiting=12) for queue in QUEUES)), now)
    for joined in STAFF.values():
        step(state, joined, now)
        step(state, w.SignedIn(joined.operator, "op"), now)
    rung: dict[str, set[str]] = {}

    def something() -> w.Event:
        waiting, talking = list(state.waiting.values()), list(state.talking)
        kind = chance.choice("aaaaooooffhlmpr")
        if kind == "a":
            needs = chance.choice([(), ("it",), ("de",), ("de>=5",), ("tax", "de")])
            waited, priority = chance.choice([0.0, 0.0, chance.uniform(0, 60)]), chance.choice([0, 0, 0, 3])
            arrived = w.Arrived(f"c{next(numbers)}", chance.choice("qrs"), needs, priority, waited=waited)
            return replace(arrived, language=chance.choice(["it", "de"]))
        if kind == "o" and (offered := [call for call in waiting if call.offered]):
            call = chance.choice(offered)
            return w.Accepted(call.call, chance.choice(sorted(call.offered)))
        if kind == "f" and talking:
            return w.Finished(chance.choice(talking))
        if kind == "h" and talking:
            call_of = chance.choice(talking)
            return w.Missed(call_of, state.talking[call_of].operator)
        if kind in "lm" and waiting:
            call = chance.choice(waiting)
            return w.Left(call.call) if kind == "l" else w.Moved(call.call, chance.choice("qrs"))
        code = chance.choice(sorted(STAFF))
        return w.Paused(code, "break") if kind == "p" else w.Resumed(code)

    for _ in range(400):
        begun, now = now, now + chance.expovariate(0.5)
        for at, one in moments(state, begun, something(), now):
            check(state, step(state, one, at), rung, at)


def check(state: State, actions: list[w.Action], rung: dict[str, set[str]], now: float) -> None:
    offered_now = []
    for action in actions:
        match action:
            case w.Offer(call, code):
                assert all(code not in phones for phones in rung.values()), "rung for one call at a time"
                assert not rung.get(call) or state.waiting[call].queue == "s", "offered to one"
                rung.setdefault(call, set()).add(code)
                offered_now.append(call)
            case w.Withdraw(call, code):
                rung.get(call, set()).discard(code)
            case w.Present(code, presence, call=call) if presence != "offered":
                for phones in rung.values():
                    phones.discard(code)
    waiting = state.waiting
    for call in waiting.values():
        assert set(call.offered) == rung.get(call.call, set()), "what rings is what was said"
        if not call.offered:
            free = [one for one in state.operators.values() if one.presence == "ready"]
            assert not any(fit(state, call, one.code, now) for one in free), "a fit operator is free while a call waits"
    for call in offered_now:
        mine = waiting[call]
        for other in waiting.values():
            equal = (other.queue, other.priority, asked(other, now)) == (mine.queue, mine.priority, asked(mine, now))
            # Who was moved to the front goes before those who have waited longer; that is what it is for.
            moved = mine.turn != mine.since - mine.priority * state.queues[mine.queue].ageing
            if equal and not other.offered and not moved:
                assert (mine.since, mine.call) <= (other.since, other.call), "overtaken"
    assert not any(phones for call, phones in rung.items() if call not in waiting), "a phone rings for nobody"
    talking = {talk.operator for talk in state.talking.values()}
    for code, operator in state.operators.items():
        ringing = any(code in call.offered for call in waiting.values())
        assert (operator.presence == "offered") == ringing
        assert (operator.presence == "talking") == (code in talking)
    assert len(talking) == len(state.talking) and not waiting.keys() & state.talking.keys()
