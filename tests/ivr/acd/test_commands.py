import pytest

from ivr.acd import commands as c
from ivr.acd import words as w
from ivr.acd.floor import Floor
from ivr.acd.state import Queue
from ivr.link.messages import Refused


class Caller:
    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def offer(self, operator: str, phone: str, ring: float) -> None:
        self.told.append(("offer", operator, phone))

    def withdraw(self, operator: str, missed: bool) -> None:
        self.told.append(("withdraw", operator))

    def leave_queue(self, exit: str) -> None:
        self.told.append(("exit", exit))

    def announce(self, position: int, wait: float | None) -> None: ...


@pytest.fixture
async def floor() -> Floor:
    one = Floor(lambda new: None)
    one.arrange([Queue("q", wrap_up=60)])
    one.staff([w.Joined("1", (("it", 5),), frozenset({"all"}), ("it",), phone="op-1")])
    return one


def stands(floor: Floor, command: c.Command) -> tuple[str, str, str]:
    answer = c.carry_out(floor, command)
    return answer.state, answer.reason, answer.then


async def test_an_operators_day(floor: Floor) -> None:
    assert stands(floor, c.Ready("1")) == ("ready", "", "")
    assert stands(floor, c.Pause("1", "lunch")) == ("paused", "lunch", "")
    assert stands(floor, c.Ready("1")) == ("ready", "", "")
    caller = Caller()
    floor.enter(caller, w.Arrived("a", "q"))
    assert caller.told == [("offer", "1", "op-1")]
    floor.take(w.Accepted("a", "1"))
    assert stands(floor, c.Pause("1", "training")) == ("talking", "", "training"), "after the call"
    with pytest.raises(Refused, match="has a call at op-1; end it before signing in at web-1"):
        c.carry_out(floor, c.SignIn("1", "web-1"))
    assert stands(floor, c.Ready("1")) == ("talking", "", ""), "thought better of it"
    floor.take(w.Finished("a"))
    assert stands(floor, c.EndWrapUp("1")) == ("ready", "", "")
    assert c.carry_out(floor, c.SignIn("1", "web-1")).phone == "web-1"
    assert stands(floor, c.SignOut("1")) == ("signed-out", "", "")


async def test_what_makes_no_sense_is_refused(floor: Floor) -> None:
    for command, why in (
        (c.Ready("2"), "there is no operator 2"),
        (c.Pause("1", "lunch"), "not signed in"),
        (c.EndWrapUp("1"), "not in wrap-up but signed-out"),
    ):
        with pytest.raises(Refused, match=why):
            c.carry_out(floor, command)
    c.carry_out(floor, c.Ready("1"))
    with pytest.raises(Refused, match="has a reason"):
        c.carry_out(floor, c.Pause("1", " "))
