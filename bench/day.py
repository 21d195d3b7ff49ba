"""A contact centre's day without telephones: the router among simulated callers and operators, in virtual time."""

import heapq
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from ivr.acd import words as w
from ivr.acd.router import next_deadline, step
from ivr.acd.state import Queue, State

ANSWER = (1.0, 4.0)  # seconds until an operator has picked up


@dataclass(frozen=True)
class Kind:
    """Calls of one kind: their queue and needs, their share of all, and how long they talk (mean, seconds)."""

    queue: str
    needs: tuple[str, ...]
    share: float
    talk: float


@dataclass
class Day:
    """`rate`: calls a second at a moment. `talk`: a conversation's length, given its mean. `patience`: mean seconds."""

    queues: tuple[Queue, ...]
    staff: Mapping[str, tuple[Mapping[str, int], frozenset[str]]]
    kinds: tuple[Kind, ...]
    rate: Callable[[float], float]
    seconds: float
    chance: random.Random
    patience: float = math.inf
    state: State = field(default_factory=lambda: State({}))
    decisions: list[float] = field(default_factory=list)  # seconds of real time, one a step
    waited: dict[str, float] = field(default_factory=dict)  # of those who were answered
    told: dict[str, list[tuple[float, float | None]]] = field(default_factory=dict)  # call → when, estimate

    def run(self) -> Iterator[tuple[float, w.Event, list[w.Action]]]:
        """Each event with what the router made of it."""
        self._coming: list[tuple[float, int, w.Event]] = []
        self._order, self._arrived, self._talk = count(), {}, {}
        for event in (w.Arranged(self.queues), *self._opening()):
            self._at(0.0, event)
        self._at(0.0, w.Arrived(self._next_call(0.0), *self._ask()))
        while self._coming:
            now, _, event = heapq.heappop(self._coming)
            if now > self.seconds:
                return
            yield now, event, self._take(event, now)
            deadline = next_deadline(self.state, now)
            if deadline is not None and (not self._coming or deadline < self._coming[0][0]):
                self._at(max(deadline, now + 0.001), w.Tick())

    def arrived(self, call: str) -> float:
        return self._arrived[call]

    def _opening(self) -> Iterator[w.Event]:
        for code, (skills, queues) in self.staff.items():
            yield w.Joined(code, tuple(skills.items()), queues)
            yield w.SignedIn(code, f"op-{code}")

    def _take(self, event: w.Event, now: float) -> list[w.Action]:
        begun = time.perf_counter()
        actions = step(self.state, event, now)
        self.decisions.append(time.perf_counter() - begun)
        match event:
            case w.Arrived(call):
                self._arrived[call] = now
                later = now + self.chance.expovariate(self.rate(now))
                self._at(later, w.Arrived(self._next_call(later), *self._ask()))
                if self.patience < math.inf:
                    self._at(now + self.chance.expovariate(1 / self.patience), w.Left(call))
            case w.Accepted(call, code) if call in self.state.talking and self.state.talking[call].operator == code:
                self.waited[call] = now - self._arrived[call]
                self._at(now + self._talk[call], w.Finished(call))
        for action in actions:
            match action:
                case w.Offer(call, code):
                    self._at(now + self.chance.uniform(*ANSWER), w.Accepted(call, code))
                case w.Announce(call, _, wait):
                    self.told.setdefault(call, []).append((now, wait))
        return actions

    def _next_call(self, at: float) -> str:
        kind = self.chance.choices(self.kinds, [one.share for one in self.kinds])[0]
        self._kind, call = kind, f"c{next(self._order)}"
        # Conversations are lognormal, with a coefficient of variation of 0.8 (Brown et al., Statistical analysis of a
        # telephone call center, J. Am. Stat. Assoc. 100 (2005), find lognormal service times).
        spread = math.sqrt(math.log(1 + 0.8**2))
        self._talk[call] = self.chance.lognormvariate(math.log(kind.talk) - spread**2 / 2, spread)
        return call

    def _ask(self) -> tuple[str, tuple[str, ...]]:
        return self._kind.queue, self._kind.needs

    def _at(self, when: float, event: w.Event) -> None:
        heapq.heappush(self._coming, (when, next(self._order), event))
