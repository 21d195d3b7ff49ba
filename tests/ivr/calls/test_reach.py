"""What the phones that Asterisk reaches say of operators."""

import asyncio
from typing import Any, cast

import pytest

from ivr.acd import words as w
from ivr.acd.floor import Floor
from ivr.acd.state import Queue
from ivr.ari.client import Ari
from ivr.calls import reach
from ivr.calls.reach import Reach


class Accounts:
    """Asterisk's answers. (That these are its answers is shown by `tests/live/test_operators.py`.)"""

    up = True

    def __init__(self) -> None:
        self.answering: set[str] = set()
        self.slow = 0.0

    async def online(self) -> set[str]:
        await asyncio.sleep(self.slow)
        return self.answering


@pytest.fixture
async def told() -> list[w.Present]:
    return []


@pytest.fixture
async def floor(told: list[w.Present]) -> Floor:
    one = Floor(told.append)
    one.arrange([Queue("q", wrap_up=60)])
    one.staff([w.Joined(code, (("it", 5),), frozenset({"all"}), ("it",), phone=f"op-{code}") for code in "12"])
    return one


def stands(floor: Floor, code: str = "1") -> tuple[str, str]:
    operator = floor.operator(code)
    assert operator
    return operator.presence, operator.reason


async def test_back_where_they_stood(floor: Floor) -> None:
    accounts = Accounts()
    phones = Reach(cast(Ari, accounts), floor)
    for event, stood in (
        (w.SignedIn("1", "op-1"), ("ready", "")),
        (w.Paused("1", "lunch"), ("paused", "lunch")),
    ):
        accounts.answering = {"op-1"}
        floor.take(event)
        await phones.look()
        assert stands(floor) == stood
        accounts.answering = {"web-1", "op-2"}  # of another, and of their own that they are not signed in at
        await phones.look()
        assert stands(floor)[0] == "unreachable"
        accounts.answering = {"op-1"}
        await phones.look()
        assert stands(floor) == stood
    assert stands(floor, "2") == ("signed-out", ""), "a phone that is there signs nobody in"


async def test_where_one_signs_in_counts(floor: Floor) -> None:
    accounts = Accounts()
    phones = Reach(cast(Ari, accounts), floor)
    accounts.answering = {"web-1"}
    floor.take(w.SignedIn("1", "op-1"))
    await phones.look()
    assert stands(floor) == ("unreachable", "")
    floor.take(w.SignedIn("1", "web-1"))
    await phones.look()
    assert stands(floor) == ("ready", "")


async def test_a_pause_taken_while_unreachable_is_kept(floor: Floor) -> None:
    accounts = Accounts()
    phones = Reach(cast(Ari, accounts), floor)
    floor.take(w.SignedIn("1", "op-1"))
    await phones.look()
    floor.take(w.Paused("1", "lunch", "page"))
    await phones.look()
    accounts.answering = {"op-1"}
    await phones.look()
    assert stands(floor) == ("paused", "lunch")


async def test_nothing_changes_without_need(floor: Floor, told: list[w.Present]) -> None:
    accounts = Accounts()
    phones = Reach(cast(Ari, accounts), floor)
    floor.take(w.SignedIn("1", "op-1"))
    for _ in range(3):
        await phones.look()
    assert [one.presence for one in told if one.operator == "1"] == ["signed-out", "ready", "unreachable"]
    floor.take(w.SignedOut("1"))
    for _ in range(3):
        await phones.look()
    assert stands(floor) == ("signed-out", "")


async def test_nobody_is_gone_before_asterisk_has_asked(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "FIRST_ROUND", 0.1)
    accounts: Any = Accounts()
    phones = Reach(accounts, floor)
    floor.take(w.SignedIn("1", "op-1"))
    await phones.renew()
    await phones.look()
    assert stands(floor) == ("ready", "")
    await asyncio.sleep(0.15)
    accounts.up = False
    await phones.look()
    assert stands(floor) == ("ready", ""), "Asterisk is away: nothing is known"
    accounts.up = True
    await phones.look()
    assert stands(floor) == ("unreachable", "")


async def test_nobody_is_gone_because_asterisk_is_slow(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "SLOW", 0.05)
    accounts = Accounts()
    phones = Reach(cast(Ari, accounts), floor)
    floor.take(w.SignedIn("1", "op-1"))
    accounts.slow = 0.1
    await phones.look()
    assert stands(floor) == ("ready", "")
    accounts.slow = 0.0
    await phones.look()
    assert stands(floor) == ("unreachable", "")
    accounts.answering, accounts.slow = {"op-1"}, 0.1
    await phones.look()
    assert stands(floor) == ("ready", ""), "a phone that has answered is there, however late"


async def test_a_conversation_goes_on(floor: Floor) -> None:
    class Caller:
        def offer(self, *_: object) -> None: ...
        def withdraw(self, *_: object) -> None: ...
        def leave_queue(self, *_: object) -> None: ...
        def announce(self, *_: object) -> None: ...

    accounts = Accounts()
    phones = Reach(cast(Ari, accounts), floor)
    accounts.answering = {"op-1"}
    floor.take(w.SignedIn("1", "op-1"))
    floor.enter(Caller(), w.Arrived("a", "q"))
    floor.take(w.Accepted("a", "1"))
    accounts.answering = set()
    await phones.look()
    assert stands(floor) == ("talking", "")
    floor.take(w.Finished("a"))
    floor.take(w.WrappedUp("1"))
    assert stands(floor) == ("unreachable", ""), "no next call is offered to a phone that is gone"
