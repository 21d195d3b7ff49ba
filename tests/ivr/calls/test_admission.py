"""Whether calls are taken: the decision, pure, over time."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.calls.admission import CALM, MOST_WRITES, SLOW, Figures, Limits, State, lines, step

LIMITS = Limits(calls=100, waiting=40, lag=0.5)
QUIET = Figures(calls=10, waiting=0, lag=0.01, writes=0)


def after(state: State, *looks: Figures) -> State:
    for look in looks:
        state = step(state, look, LIMITS)
    return state


def test_there_are_no_more_calls_than_rtp_ports() -> None:
    assert lines(400, 0, 30) == 370 and lines(400, 200, 30) == 170
    assert lines(20, 0, 30) == 18, "few ports are not all kept for those who are refused"
    closed = after(State(), Figures(90, 0, 0.0, 0, beside=60, lines=60))
    assert not closed.open
    assert not after(closed, Figures(90, 0, 0.0, 0, beside=58, lines=60)).open
    assert after(closed, Figures(90, 0, 0.0, 0, beside=57, lines=60)).open


@pytest.mark.parametrize("full", [Figures(100, 0, 0.0, 0), Figures(50, 40, 0.0, 0)])
def test_a_limit_closes_at_once_and_opens_well_below_it(full: Figures) -> None:
    closed = after(State(), full)
    assert not closed.open
    assert not after(closed, Figures(99, 39, 0.0, 0)).open, "just below is not enough"
    assert after(closed, Figures(95, 38, 0.0, 0)).open


@pytest.mark.parametrize("busy", [Figures(10, 0, 0.6, 0), Figures(10, 0, 0.0, MOST_WRITES + 1)])
def test_a_load_closes_when_it_lasts_and_opens_after_calm(busy: Figures) -> None:
    assert after(State(), *[busy] * (SLOW - 1)).open, "one slow answer is none"
    closed = after(State(), *[busy] * SLOW)
    assert not closed.open
    assert not after(closed, *[QUIET] * (CALM - 1)).open
    assert after(closed, *[QUIET] * CALM).open
    interrupted = [QUIET] * (CALM - 1) + [Figures(10, 0, 0.3, 0)] + [QUIET] * (CALM - 1)
    assert not after(closed, *interrupted).open, "calm begins anew"


figures = st.builds(
    Figures,
    calls=st.integers(0, 200),
    waiting=st.integers(0, 80),
    lag=st.floats(0, 6),
    writes=st.integers(0, 2 * MOST_WRITES),
)


@given(st.lists(figures, max_size=40))
def test_it_is_never_open_beyond_a_limit_and_a_load_never_flaps(looks: Iterable[Figures]) -> None:
    state, since_high = State(), CALM
    for look in looks:
        was, state = state, step(state, look, LIMITS)
        assert not state.open or (look.calls < LIMITS.calls and look.waiting < LIMITS.waiting)
        low = look.lag <= LIMITS.lag / 2 and look.writes <= MOST_WRITES / 2
        since_high = since_high + 1 if low else 0
        if state.open and not was.open:
            assert since_high >= CALM
