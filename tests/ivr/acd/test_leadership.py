"""Several controllers' floors in one process, with real links between them and one store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from ivr.acd import words as w
from ivr.acd.baton import Baton
from ivr.acd.floor import Floor
from ivr.acd.leadership import Act, Decisions, Happened, Leadership, Took
from ivr.acd.router import position
from ivr.acd.state import Queue
from ivr.link.client import Client
from ivr.link.messages import raw
from ivr.link.server import Server
from ivr.store import leases
from ivr.store.database import Database, StoreError
from ivr.store.schema import Controller

TOKEN = "of-the-tests"


class Store(Database):
    """One that can be away."""

    away = False

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        if self.away:
            raise StoreError("the store is away")
        with super().transaction() as session:
            yield session


class Caller:
    """A call, and the offers it has had."""

    def __init__(self, member: "Member", call: str) -> None:
        self.call, self.member, self.offers = call, member, list[str]()
        self.withdrawn, self.exit = 0, ""
        member.floor.enter(self, w.Arrived(call, "q"))

    def offer(self, operator: str, phone: str, ring: float) -> None:
        self.offers.append(operator)

    def withdraw(self, operator: str, missed: bool) -> None:
        self.withdrawn += 1

    def leave_queue(self, exit: str) -> None:
        self.exit = exit

    def announce(self, position: int, wait: float | None) -> None: ...


class Member:
    def __init__(self, name: str, store: Store) -> None:
        self.name, self.store = name, store
        self.presences: list[tuple[str, str]] = []
        self.floor = Floor(lambda new: self.presences.append((new.operator, new.presence)))
        self.server = Server(TOKEN)

    async def start(self, *, run: bool = True) -> "Member":
        address = await self.server.listen(range(42000, 43000))
        assert self.store.url.database
        baton = Baton(Path(self.store.url.database).with_name("lead.lock"))
        self.leadership = Leadership(self.name, address, self.floor, self.server, self.store, TOKEN, baton)
        self.floor.arrange([Queue("q", wrap_up=60)])
        if not self.store.away:
            self.read(address)
        self.task = asyncio.create_task(self.leadership.run() if run else asyncio.sleep(0))
        return self

    def read(self, address: str) -> None:
        """What a controller has from the store, and tells it."""
        with self.store.transaction() as session:
            now = datetime.now(UTC)
            session.merge(Controller(id=self.name, pid=1, started_at=now, seen_at=now, calls=0, address=address))
        operators = [w.Joined(code, (), frozenset({"all"}), presence="signed-out", phone="p") for code in ("1", "2")]
        self.floor.staff(operators)

    async def kill(self) -> None:
        """Without a word to anybody."""
        self.task.cancel()
        self.leadership._baton.close()
        await self.leadership._unfollow()
        await self.server.close()

    @property
    def leads(self) -> bool:
        return self.leadership.epoch > 0

    @property
    def follows(self) -> bool:
        return self.leadership._joined.is_set()


async def until(true: Callable[[], object], within: float = 10.0) -> None:
    deadline = asyncio.get_running_loop().time() + within
    while not true():
        assert asyncio.get_running_loop().time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    one = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    one.migrate()
    yield one
    one.engine.dispose()


@pytest.fixture
async def members(store: Store) -> AsyncIterator[list[Member]]:
    """Three; the first leads."""
    first = await Member("one", store).start()
    await until(lambda: first.leads)
    rest = [await Member(name, store).start() for name in ("two", "three")]
    await until(lambda: all(one.follows for one in rest))
    yield [first, *rest]
    for one in [first, *rest]:
        with contextlib.suppress(Exception):
            await one.kill()


async def test_one_floor_for_all(members: list[Member]) -> None:
    one, two, three = members
    one.floor.take(w.SignedIn("1", "op-1"))
    await until(lambda: three.floor.state.operators["1"].presence == "ready")
    a = Caller(two, "a")
    await until(lambda: a.offers == ["1"])
    b = Caller(three, "b")
    two.floor.take(w.Accepted("a", "1"))
    await until(lambda: three.floor.state.operators["1"].presence == "talking")
    two.floor.take(w.Finished("a"))
    await until(lambda: three.floor.state.operators["1"].presence == "wrap-up")
    two.floor.take(w.WrappedUp("1"))
    await until(lambda: b.offers == ["1"])
    assert not two.presences and not three.presences, "one alone writes where operators stand"


async def test_a_burst_reaches_the_lead_together_and_in_order(members: list[Member]) -> None:
    one, two, _ = members
    one.floor.take(w.SignedIn("1", "op-1"))
    one.floor.take(w.Paused("1", "test"))
    together: list[int] = []

    def happened(told: Happened) -> None:
        together.append(len(told.events))
        one.leadership._happened(told)

    one.server.on(Happened, happened)
    calls = [Caller(two, f"call-{number}").call for number in range(50)]
    await until(lambda: len(one.floor.state.waiting) == len(calls))
    assert list(one.floor.state.waiting) == calls
    assert len(together) <= 2 and sum(together) == len(calls)


async def test_who_came_first_is_first_however_late_the_lead_hears_of_it(members: list[Member]) -> None:
    one, two, three = members
    one.floor.take(w.SignedIn("1", "op-1"))
    one.floor.take(w.Paused("1", "test"))
    held = asyncio.Event()
    ask = two.leadership._client.ask

    async def slowly(*args: object, **rest: object) -> object:
        await held.wait()
        return await ask(*args, **rest)

    two.leadership._client.ask = slowly
    Caller(two, "earlier")
    await asyncio.sleep(0.1)
    Caller(three, "later")
    await until(lambda: "later" in one.floor.state.waiting)
    held.set()
    await until(lambda: "earlier" in one.floor.state.waiting)
    assert [position(one.floor.state, call) for call in ("earlier", "later")] == [1, 2]


async def test_how_long_decisions_take_is_told(members: list[Member]) -> None:
    one, two, _ = members
    one.floor.take(w.SignedIn("1", "op-1"))
    async with Client(one.leadership._address, TOKEN) as client:
        took: Took = await client.ask(Decisions(), Took)
        assert took.number > 0 and 0 < took.median <= took.p99 <= took.longest < 1
    async with Client(two.leadership._address, TOKEN) as client:
        assert await client.ask(Decisions(), Took) == Took(0, 0.0, 0.0, 0.0), "who follows decides nothing"


async def one_talks_and_one_rings(members: list[Member]) -> tuple[Caller, Caller]:
    """The first with the second member's, the second with the third's; nobody else is at work."""
    one, two, three = members
    for code in ("1", "2"):
        one.floor.take(w.SignedIn(code, f"op-{code}"))
    await until(lambda: two.floor.state.operators["2"].presence == "ready")
    talks = Caller(two, "talks")
    await until(lambda: talks.offers)
    two.floor.take(w.Accepted("talks", talks.offers[0]))
    rings = Caller(three, "rings")
    await until(lambda: rings.offers)
    return talks, rings


async def test_the_lead_is_killed(members: list[Member]) -> None:
    """Who waits keeps the place, who talks is left alone, a phone that rings goes on ringing."""
    one, two, three = members
    talks, rings = await one_talks_and_one_rings(members)
    await until(lambda: two.floor.state.operators[rings.offers[0]].presence == "offered")
    first, lost, second = Caller(three, "first"), Caller(one, "lost"), Caller(two, "second")
    await asyncio.sleep(0.1)
    begun = asyncio.get_running_loop().time()
    await one.kill()
    await until(lambda: two.leads or three.leads)
    await until(lambda: two.follows or three.follows)
    assert asyncio.get_running_loop().time() - begun < 5
    await asyncio.sleep(0.5)
    assert [len(each.offers) for each in (talks, rings, first, second)] == [1, 1, 0, 0]
    assert rings.withdrawn == talks.withdrawn == 0
    three.floor.take(w.Accepted("rings", rings.offers[0]))
    for call, member in (("talks", two), ("rings", three)):
        member.floor.take(w.Finished(call))
        member.floor.take(w.WrappedUp((talks if call == "talks" else rings).offers[0]))
        await until(lambda: first.offers or second.offers)
        if call == "talks":
            assert (len(first.offers), len(second.offers)) == (1, 0), "the place was kept"
    await until(lambda: second.offers)
    assert {first.offers[0], second.offers[0]} == {"1", "2"} and lost.offers == []


async def test_the_store_is_away(members: list[Member], store: Store) -> None:
    """Longer than a lease lasts: who leads goes on, who hears it does not take over."""
    one, two, _ = members
    one.floor.take(w.SignedIn("1", "op-1"))
    await until(lambda: two.floor.state.operators["1"].presence == "ready")
    store.away = True
    await asyncio.sleep(6)
    assert one.leads and two.follows
    a, b = Caller(two, "a"), Caller(one, "b")
    await until(lambda: a.offers == ["1"] or b.offers == ["1"])
    store.away = False
    await asyncio.sleep(1.5)
    assert one.leads and one.leadership.epoch == 1


async def lost_its_lead(members: list[Member]) -> tuple[Member, Member]:
    """The one who leads instead, and the one who follows that, while the store is away."""
    one, two, three = members
    two.leadership.there, three.leadership.there = lambda: ["three"], lambda: ["two"]
    one.store.away = True
    await one.kill()
    await until(lambda: (two.leads and three.follows) or (three.leads and two.follows), 2)
    return (two, three) if two.leads else (three, two)


async def test_the_lead_is_killed_while_the_store_is_away(members: list[Member], store: Store) -> None:
    """Another goes on with its lease: who waits keeps the place and is offered, and so it stands in the store later."""
    _, two, three = members
    talks, rings = await one_talks_and_one_rings(members)
    await until(lambda: three.floor.state.operators[rings.offers[0]].presence == "offered")
    first, second = Caller(three, "first"), Caller(two, "second")
    await asyncio.sleep(0.1)
    begun = asyncio.get_running_loop().time()
    leads, follows = await lost_its_lead(members)
    two.floor.take(w.Finished("talks"))
    two.floor.take(w.WrappedUp(talks.offers[0]))
    await until(lambda: first.offers)
    assert asyncio.get_running_loop().time() - begun < 2
    assert (leads.leadership.epoch, follows.leadership.epoch) == (1, 0)
    assert [each.offers for each in (first, second)] == [talks.offers, []] and not rings.withdrawn
    store.away = False
    await until(lambda: lease(store) == (leads.name, 1))
    assert leads.leads and follows.follows and [len(each.offers) for each in (rings, first, second)] == [1, 1, 0]


def lease(store: Store) -> tuple[str, int]:
    with store.read() as session:
        row, _ = leases.get(session)
        return row.holder, row.epoch


async def test_one_that_begins_while_the_store_is_away_follows_and_may_lead_later(
    members: list[Member], store: Store
) -> None:
    """It knows the operators from whoever leads."""
    one, two, three = members
    one.floor.take(w.SignedIn("1", "op-1"))
    await until(lambda: three.floor.state.operators["1"].presence == "ready")
    await lost_its_lead(members)
    again = await Member("one", store).start()
    try:
        await until(lambda: again.follows, 2)
        waits = Caller(again, "waits")
        await until(lambda: waits.offers == ["1"], 2)
        again.floor.take(w.Missed("waits", "1"))
        await until(lambda: again.floor.state.operators["1"].presence == "paused")
        for other in (two, three):
            await other.kill()
        await until(lambda: again.leads, 2)
        again.floor.take(w.Resumed("1"))
        await until(lambda: waits.offers == ["1", "1"], 2)
    finally:
        await again.kill()


async def test_who_knows_no_operators_leads_nobody_without_the_store(members: list[Member], store: Store) -> None:
    """All have died: callers wait for the store, and are not told that nobody is at work."""
    store.away = True
    for one in members:
        await one.kill()
    again = await Member("one", store).start()
    waits = Caller(again, "waits")
    await asyncio.sleep(1.5)
    assert not again.leads and not waits.exit
    await again.kill()


async def test_nobody_leads_beside_one_that_lives_though_it_is_not_heard(members: list[Member], store: Store) -> None:
    one, two, _ = members
    store.away = True
    await two.leadership._unfollow()
    await two.leadership.look()
    assert not two.leads and one.leads
    await until(lambda: two.follows)


async def test_a_lease_that_was_taken_since_is_nobodys(members: list[Member], store: Store) -> None:
    """The dead one led before another, whose lease the file does not know."""
    one, two, _ = members
    store.away = True
    two.leadership._seen = 2
    await one.kill()
    await asyncio.sleep(1)
    assert not two.leads


async def test_who_takes_the_lease_when_the_store_is_back_has_it_alone(members: list[Member], store: Store) -> None:
    """The dead one's name holds it, in the store, and whoever has that name now asks first."""
    one, two, three = members
    one.floor.take(w.SignedIn("1", "op-1"))
    await until(lambda: two.floor.state.operators["1"].presence == "ready")
    waits = Caller(two, "waits")
    await until(lambda: waits.offers == ["1"])
    leads, _ = await lost_its_lead(members)
    again = await Member("one", store).start(run=False)
    store.away = False
    await again.leadership.look()
    try:
        assert again.leadership.epoch == 2
        await until(lambda: two.follows and three.follows and not leads.leads, 3)
        assert two.leadership._seen == three.leadership._seen == 2
        assert waits.offers == ["1"], "nothing is offered twice"
    finally:
        await again.kill()


async def test_two_that_believe_they_lead(members: list[Member]) -> None:
    one, two, three = members
    one.floor.take(w.SignedIn("1", "op-1"))
    await until(lambda: two.floor.state.operators["1"].presence == "ready")
    waits = Caller(three, "waits")
    await until(lambda: waits.offers == ["1"])
    two.leadership._gone = 1  # wrongly: `one` is there and leads
    await two.leadership._unfollow()
    await two.leadership.look()
    assert two.leadership.epoch == 2
    await until(lambda: one.follows and three.follows and not one.leads)
    assert two.leadership.epoch == 2 and waits.offers == ["1"], "nothing is offered twice"
    late = Act(1, "Offer", raw(w.Offer("waits", "2", "op-2", 20.0)))
    two.server.tell("actions/three", late)
    await asyncio.sleep(0.2)
    assert waits.offers == ["1"], "what an older lead says is not done"


async def test_a_lead_that_stood_still_asks_before_it_decides(members: list[Member]) -> None:
    one = members[0]
    one.floor.take(w.SignedIn("1", "op-1"))
    one.leadership._checked -= 60
    waits = Caller(one, "waits")
    assert waits.offers == []
    await until(lambda: waits.offers == ["1"])


async def test_a_controller_is_killed(members: list[Member]) -> None:
    """Its callers no longer wait, its operator wraps up."""
    one, two, _ = members
    one.floor.take(w.SignedIn("1", "op-1"))
    a = Caller(two, "a")
    await until(lambda: a.offers)
    two.floor.take(w.Accepted("a", "1"))
    await until(lambda: one.floor.state.operators["1"].presence == "talking")
    b = Caller(two, "b")
    await until(lambda: "b" in one.floor.state.waiting)
    await two.kill()
    await until(lambda: one.floor.state.operators["1"].presence == "wrap-up", 12)
    assert one.floor.state.waiting == {} and b.offers == []


class Heir(Caller):
    """A call that another controller had."""

    def __init__(self, member: Member, call: str, waited: float, operator: str = "") -> None:
        self.call, self.member, self.offers = call, member, list[str]()
        self.withdrawn, self.exit = 0, ""
        since = asyncio.get_running_loop().time() - 5.0
        member.floor.go_on(self, w.Arrived(call, "q", waited=waited), operator, since if operator else 0.0)


@pytest.mark.parametrize("heir", [0, 2])
async def test_the_calls_of_one_that_is_gone_go_on_with_another(members: list[Member], heir: int) -> None:
    """With the lead, or with one that follows: who waited keeps the place, whose phone rang for it is free, who talks
    goes on talking, and nothing of it ends when the former one is given up."""
    one, two, three = members
    for code in ("1", "2"):
        one.floor.take(w.SignedIn(code, f"op-{code}"))
    await until(lambda: two.floor.state.operators["2"].presence == "ready")
    talks = Caller(two, "talks")
    await until(lambda: talks.offers)
    two.floor.take(w.Accepted("talks", talks.offers[0]))
    rung = Caller(two, "waits")
    await until(lambda: rung.offers)
    begun = asyncio.get_running_loop().time()
    later = Caller(three, "later")
    await until(lambda: "later" in one.floor.state.waiting)
    await two.kill()

    waited = asyncio.get_running_loop().time() - begun + 0.1
    waits = Heir(members[heir], "waits", waited)
    Heir(members[heir], "talks", 1.0, talks.offers[0])
    await until(lambda: waits.offers == rung.offers)
    assert [position(one.floor.state, call) for call in ("waits", "later")] == [1, 2]
    assert one.floor.state.talking["talks"].operator == talks.offers[0]
    assert one.floor.state.operators[talks.offers[0]].presence == "talking"

    one.leadership._give_up("two")
    assert "waits" in one.floor.state.waiting and "talks" in one.floor.state.talking
    members[heir].floor.take(w.Finished("talks"))
    await until(lambda: one.floor.state.operators[talks.offers[0]].presence == "wrap-up")
    assert not later.offers


async def test_calls_that_others_have_taken_are_not_told_of(members: list[Member]) -> None:
    """A controller that wakes up: what happens there to a call that it lost changes nothing."""
    one, two, three = members
    one.floor.take(w.SignedIn("1", "op-1"))
    one.floor.take(w.Paused("1", "test"))
    Caller(two, "a")
    await until(lambda: "a" in one.floor.state.waiting)
    Heir(three, "a", 1.0)
    await until(lambda: one.floor._elsewhere["a"] == "three")
    two.floor.ours = lambda call: call != "a"
    two.floor.forget("a")
    two.floor.take(w.Left("a"))
    two.floor.rejoin()
    await asyncio.sleep(0.3)
    assert "a" in one.floor.state.waiting and one.floor._elsewhere["a"] == "three"


async def test_a_lead_that_stood_still_decides_nothing_until_it_has_asked(members: list[Member]) -> None:
    one, *_ = members
    one.leadership.awake = lambda: False
    one.floor.take(w.SignedIn("1", "op-1"))
    assert one.floor.state.operators["1"].presence == "signed-out"
    one.leadership.awake = lambda: True
    await until(lambda: one.floor.state.operators["1"].presence == "ready")


async def test_nobody_waits_for_one_that_is_known_to_be_gone(members: list[Member]) -> None:
    """The lead hangs: those who follow need not find out by its lease."""
    one, two, three = members
    one.task.cancel()  # it renews nothing, and its link still answers
    begun = asyncio.get_running_loop().time()
    for member in (two, three):
        member.leadership.missed("one")
    await until(lambda: two.leads or three.leads, 2.0)
    for member in (two, three):
        member.leadership.missed("one")
    leading, following = (two, three) if two.leads else (three, two)
    await until(lambda: following.follows and leading.floor._held is None, 2.0)
    assert asyncio.get_running_loop().time() - begun < 2.0
