"""Random days of three controllers whose lead changes: whoever leads, and whatever was on its way to whom, operators
and calls say the same of each other when every controller has given its account."""

import random
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from ivr.acd import words as w
from ivr.acd.floor import Floor
from ivr.acd.state import Queue

CODES = [str(code) for code in range(1, 7)]
STEPS = 120
QUEUES = [Queue("q", wrap_up=3, ring=9), Queue("all", wrap_up=3, ring=9, strategy="ring-all")]


class Call:
    """A caller and the phones that ring for them, as `ivr.calls.conversation` has them."""

    def __init__(self, house: "House", floor: Floor, name: str) -> None:
        self.house, self.floor, self.name = house, floor, name
        self.rung: set[str] = set()
        self.speaks = ""
        self.over = False

    def enter(self, waited: float = 0.0) -> None:
        if not self.over:
            self.floor.enter(self, w.Arrived(self.name, self.house.chance.choice(QUEUES).name, waited=waited))

    def offer(self, operator: str, phone: str, ring: float) -> None:
        self.rung.add(operator)

    def withdraw(self, operator: str, missed: bool) -> None:
        self.rung.discard(operator)
        if operator == self.speaks:
            self.speaks = ""
            self.house.later.append(lambda: self.enter(1.0))

    def leave_queue(self, exit: str) -> None:
        self.over = True

    def announce(self, position: int, wait: float | None) -> None: ...

    def live(self) -> None:
        """Something happens to it."""
        chance, take = self.house.chance.random(), self.floor.take
        if self.over:
            return
        if self.speaks and chance < 0.5:
            operator, self.speaks = self.speaks, ""
            if chance < 0.1:
                take(w.Missed(self.name, operator))
                self.enter(1.0)
                return
            take(w.Finished(self.name, chance > 0.2))
            self.end()
        elif not self.speaks and self.rung and chance < 0.6:
            operator = self.house.chance.choice(sorted(self.rung))
            self.rung.discard(operator)
            if chance < 0.2:
                take(w.Missed(self.name, operator, absent=chance < 0.05))
                return
            self.speaks = operator
            take(w.Accepted(self.name, operator))
        elif chance > 0.95:
            self.end()

    def end(self) -> None:
        self.over = True
        self.floor.take(w.Left(self.name))


class House:
    """Three floors, wired as `ivr.acd.leadership` does it; what is said is on its way for a while."""

    def __init__(self, seed: int, now: Callable[[], float]) -> None:
        self.chance, self.now = random.Random(seed), now
        self.floors = {name: Floor(lambda present: None) for name in "abc"}
        self.calls: dict[str, list[Call]] = {name: [] for name in "abc"}
        self.ways: dict[tuple[str, str], deque[Callable[[], None]]] = {}
        self.later: deque[Callable[[], None]] = deque()
        self.joined: set[str] = set()
        self.lead = ""
        for floor in self.floors.values():
            floor.arrange(QUEUES)
            floor.staff(
                [w.Joined(code, (("it", 5),), frozenset({"all"}), ("it",), phone=f"op-{code}") for code in CODES]
            )
        self.take_the_lead("a")
        for code in CODES:
            self.floors["a"].take(w.SignedIn(code, f"op-{code}"))

    def send(self, one: str, other: str, what: Callable[[], None]) -> None:
        self.ways.setdefault((one, other), deque()).append(what)

    def deliver(self, most: int) -> None:
        for _ in range(most):
            ways = [way for way in [*self.ways.values(), self.later] if way]
            if not ways:
                return
            self.chance.choice(ways).popleft()()

    def take_the_lead(self, name: str) -> None:
        """The one before has lost the lease; nothing that it said arrives any more, and nothing that it was told."""
        self.ways.clear()
        self.joined, self.lead, leading = {name}, name, self.floors[name]
        for other, floor in self.floors.items():
            if other != name:
                floor.follow(lambda event, other=other: self.forward(other, event))  # type: ignore[misc]
        leading.act = lambda controller, action: self.send(
            name, controller, lambda: self.floors[controller].told(action)
        )
        leading.changed = lambda operator: self.tell(operator.code)
        leading.fit = lambda: True
        leading.begin_to_lead()

    def tell(self, code: str) -> None:
        leading = self.floors[self.lead]
        told = next(one for one in leading.standings() if one.code == code)
        for other in self.joined - {self.lead}:
            self.send(self.lead, other, lambda other=other: self.floors[other].stands(told))  # type: ignore[misc]

    def forward(self, name: str, event: w.Event) -> None:
        if name in self.joined:
            leading, at = self.floors[self.lead], self.now()
            self.send(name, self.lead, lambda: leading.happened(name, event, at))

    def join(self, name: str) -> None:
        floor, leading = self.floors[name], self.floors[self.lead]
        self.joined.add(name)
        leading.joined(name, floor.mine.account(self.now()))
        for told in leading.standings():
            self.send(self.lead, name, lambda told=told: floor.stands(told))  # type: ignore[misc]

    def live(self, steps: int) -> None:
        for number in range(steps):
            name = self.chance.choice("abc")
            if self.chance.random() < 0.15:
                call = Call(self, self.floors[name], f"{name}{len(self.calls[name])}")
                self.calls[name].append(call)
                call.enter()
            elif self.calls[name]:
                self.chance.choice(self.calls[name][-12:]).live()
            if number % 5 == 0:
                self.floors[self.lead].take(w.Tick())
            if self.chance.random() < 0.03:
                code = self.chance.choice(CODES)
                event = self.chance.choice(
                    (w.Vanished(code), w.Reached(code), w.Paused(code, "break"), w.Resumed(code))
                )
                self.floors[self.lead].take(event)
            self.deliver(self.chance.randrange(4))

    def differences(self) -> list[str]:
        """Between what the lead has of operators and of calls, and what the calls have."""
        state = self.floors[self.lead].state
        found = []
        for one in state.operators.values():
            waits, talk = state.waiting.get(one.call), state.talking.get(one.call)
            if one.presence == "offered" and (waits is None or one.code not in waits.offered):
                found.append(f"{one.code} is offered {one.call}, which is not offered to them")
            if one.presence == "talking" and (talk is None or talk.operator != one.code):
                found.append(f"{one.code} talks in {one.call}, which does not talk with them")
        for call, waits in state.waiting.items():
            for code in waits.offered:
                if (state.operators[code].presence, state.operators[code].call) != ("offered", call):
                    found.append(f"{call} is offered to {code}, who is {state.operators[code].presence}")
        for call, talk in state.talking.items():
            if (state.operators[talk.operator].presence, state.operators[talk.operator].call) != ("talking", call):
                found.append(f"{call} talks with {talk.operator}, who is {state.operators[talk.operator].presence}")
        there = {one.name: one for calls in self.calls.values() for one in calls if not one.over}
        for name, one in there.items():
            if one.speaks and (name not in state.talking or state.talking[name].operator != one.speaks):
                found.append(f"{name} speaks with {one.speaks}, and the lead does not know it")
            if not one.speaks and name not in state.waiting:
                found.append(f"{name} waits, and the lead does not know it")
        found += [
            f"{name} is over, and the lead does not know it" for name in (state.waiting | state.talking).keys() - there
        ]
        return found


@pytest.mark.parametrize("seed", range(200))
async def test_after_a_change_of_the_lead(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("ivr.acd.floor.time", SimpleNamespace(monotonic=lambda: clock[0]))
    house = House(seed, lambda: clock[0])
    house.floors["a"].release()
    for name in "bc":
        house.join(name)
    for lead in house.chance.choices("abc", k=4):
        for _ in range(STEPS // 10):
            clock[0] += house.chance.choice((0.01, 0.3, 2.0))
            house.live(10)
        if lead == house.lead:
            continue
        house.take_the_lead(lead)
        others = [name for name in "abc" if name != lead]
        house.chance.shuffle(others)
        late = house.chance.random() < 0.5
        if late:
            house.floors[lead].release()
            house.live(10)
        for name in others:
            house.live(3)
            house.join(name)
        if not late:
            house.floors[lead].release()
        house.floors[lead].left_behind("")
        house.deliver(10_000)
        house.floors[lead].take(w.Tick())
        house.deliver(10_000)
        assert not house.differences()
