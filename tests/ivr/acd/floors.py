"""What tests of the router share."""

from collections.abc import Mapping

from ivr.acd import words as w
from ivr.acd.router import step
from ivr.acd.state import Queue, State


def floor(*codes: str, queue: Queue | None = None, **skills: Mapping[str, int]) -> State:
    """Operators with Italian, signed in; `skills`: of further ones, by code with a letter before it."""
    state = State({})
    step(state, w.Arranged((queue or Queue("q", ring=20, wrap_up=30, max_waiting=3),)), 0)
    for code, levels in {
        **{code: {"it": 5} for code in codes},
        **{key[1:]: own for key, own in skills.items()},
    }.items():
        step(state, w.Joined(code, tuple(levels.items()), frozenset({"all"})), 0)
        step(state, w.SignedIn(code, f"op-{code}"), 0)
    return state


def offers(actions: list[w.Action]) -> list[tuple[str, str]]:
    return [(action.call, action.operator) for action in actions if isinstance(action, w.Offer)]
