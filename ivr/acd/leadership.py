"""This controller among the others: it leads them, or follows the one that does. The lease, the links, the clock of it.

`lead` says what is to be done, `floor` does it; here is who tells whom.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

import msgspec

from ivr.acd import lead
from ivr.acd import words as w
from ivr.acd.baton import Baton
from ivr.acd.floor import Floor
from ivr.acd.state import Operator
from ivr.link.client import Client
from ivr.link.key import Key
from ivr.link.messages import LinkError, Refused, raw
from ivr.link.server import Server
from ivr.store import controllers, leases
from ivr.store.database import Database

log = logging.getLogger(__name__)

LASTS = 4.0  # seconds for which a lease holds
RENEW, SEEK = 1.0, 0.3  # seconds between looks at the lease: of who leads or hears the lead, and of who does not
ANSWER, BRIEFLY = 2.0, 0.2  # seconds that the store has, and that one has which was away just now
SETTLE = 2.0  # seconds that a new lead waits for the others' accounts
GONE = 6.0  # seconds after which the calls of a controller that is not heard are over
MOST_UNSENT = 1000
AT_ONCE = 100  # events that go to the lead together: one acknowledged after the other, a burst would take too long

EVENTS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        w.Arrived, w.Left, w.Moved, w.Accepted, w.Missed, w.Finished, w.SignedIn, w.SignedOut, w.Paused, w.Resumed,
        w.WrappedUp, w.Vanished, w.Reached,
    )
}  # fmt: skip
OF_CALLS = w.Arrived | w.Left | w.Accepted | w.Missed | w.Finished  # the account says these as well
ACTIONS: dict[str, Any] = {kind.__name__: kind for kind in (w.Offer, w.Withdraw, w.Exit, w.Announce)}


class Join(msgspec.Struct):
    """A controller follows the lead of this epoch, and gives its account."""

    controller: str
    epoch: int
    account: lead.Account


class Told(msgspec.Struct):
    """`at`: by the clock of who tells it."""

    kind: str
    event: msgspec.Raw
    at: float


class Happened(msgspec.Struct):
    """In the order in which it happened."""

    controller: str
    epoch: int
    events: list[Told]


class Act(msgspec.Struct):
    """What the lead of this epoch says of one of the follower's calls."""

    epoch: int
    kind: str
    action: msgspec.Raw


class NewLead(msgspec.Struct):
    holder: str
    address: str
    epoch: int


class Decisions(msgspec.Struct):
    """How long did they take?"""


class Took(msgspec.Struct):
    """Of the last `number` decisions of a controller, in seconds."""

    number: int
    median: float
    p99: float
    longest: float


class Leadership:
    """`address`: of our own link. It follows nobody and leads nobody until `run`."""

    def __init__(
        self, name: str, address: str, floor: Floor, server: Server, database: Database, token: Key | str, baton: Baton
    ) -> None:
        self._name, self._address, self._floor, self._server = name, address, floor, server
        self._database, self._token, self._baton = database, token, baton
        self._away = False  # the store, when it was looked at last
        self.there: Callable[[], Collection[str]] = lambda: ()  # the other controllers that answer
        self.awake: Callable[[], bool] = lambda: True  # whether we have not just stood still
        self.epoch = 0  # of the lease that we hold
        self._seen = 0  # the highest epoch heard of
        self._gone = 0  # an epoch whose lead has ended
        self._checked = 0.0  # when we last knew that nobody else can have the lease
        self._awaited: set[str] = set()
        self._missing: set[str] = set()  # known to be gone, until they join
        self._settled: asyncio.TimerHandle | None = None
        self._absent: dict[str, asyncio.TimerHandle] = {}
        self._wake = asyncio.Event()
        self._attempt: asyncio.Future[tuple[lead.Move, lead.Lease, dict[str, str]]] | None = None
        # As a follower
        self._client: Client | None = None
        self._following: lead.Lease | None = None
        self._joined = asyncio.Event()
        self._unsent: list[tuple[float, w.Event]] = []  # when each happened
        self._more = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._turn = asyncio.Lock()  # one change of the lead after the other
        floor.act, floor.changed, floor.fit = self._act, self._changed, self._fit
        floor.rejoin = self._rejoin
        floor.follow(self._forward)
        server.on(Join, self._join)
        server.on(Happened, self._happened)
        server.on(NewLead, self._new_lead)
        server.on(Decisions, lambda _: self._took())
        server.topic("operators", floor.standings)
        server.topic("actions", left=self._lost_follower)

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("the lease could not be looked at")
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RENEW if self.epoch or self._joined.is_set() else SEEK):
                    await self._wake.wait()

    async def close(self) -> None:
        """Whoever comes next need not wait."""
        await self._unfollow()
        if self.epoch:
            with contextlib.suppress(Exception):
                await asyncio.to_thread(self._release)
        self._baton.close()

    # The lease

    async def look(self) -> None:
        """Take the lease, keep it, or follow whoever has it."""
        begun = time.monotonic()
        if self._attempt is None:
            hears = self._joined.is_set()
            self._attempt = asyncio.ensure_future(asyncio.to_thread(self._move, self.epoch, hears, self._gone))
        try:
            within = BRIEFLY if self._away else ANSWER
            move, lease, others = await asyncio.wait_for(asyncio.shield(self._attempt), within)
        except TimeoutError:
            await self._store_is_away("it does not answer")
            return
        except Exception as error:
            self._attempt = None
            await self._store_is_away(str(error))
            return
        self._attempt, self._away = None, False
        if move == "take":
            async with self._turn:
                await self._lead(lease, others, begun)
        elif move == "renew" and self.epoch == lease.epoch:
            self._checked = begun
            self._hold_baton(self.epoch)
            self._go_on()
        elif move == "follow" and lease.epoch > self.epoch and lease.address != self._address:
            await self._follow(lease)

    def _move(self, epoch: int, hears: bool, gone: int) -> tuple[lead.Move, lead.Lease, dict[str, str]]:
        with self._database.transaction() as session:
            row, left = leases.get(session, lock=True)
            lease = lead.Lease(row.holder, row.address, row.epoch, left)
            move = lead.move(self._name, epoch, lease, hears=hears, gone=gone)
            if move == "take":
                lease = lead.Lease(self._name, self._address, row.epoch + 1, LASTS)
            if move in ("take", "renew"):
                leases.hold(session, self._name, self._address, lease.epoch, LASTS)
            alive = controllers.alive(session, datetime.now(UTC)) if move == "take" else []
            return move, lease, {one.id: one.address for one in alive if one.id != self._name}

    def _release(self) -> None:
        with self._database.transaction() as session:
            leases.release(session, self.epoch)

    async def _store_is_away(self, why: str) -> None:
        """Nobody can take the lease now: who leads goes on."""
        log.error("the lease cannot be looked at: %s", why)
        self._away = True
        if self.epoch:
            self._checked = time.monotonic()
            self._go_on()
        elif not self._joined.is_set():
            await self._without_the_store()

    async def _without_the_store(self) -> None:
        """We hear no lead. If it is dead, one of us goes on with its lease; the others find that one by the baton. Who
        knows no operators would send all callers away, and leaves it to others."""
        if self._floor.state.operators and self._baton.take():
            left = self._baton.read()
            if left and lead.inherits(self._seen, left):
                lease = lead.Lease(self._name, self._address, left.epoch, LASTS)
                async with self._turn:
                    await self._lead(lease, dict.fromkeys(self.there(), ""), time.monotonic())
            else:
                self._baton.drop()
        elif (holder := self._baton.read()) and holder.epoch >= self._seen and holder.address != self._address:
            await self._follow(holder)

    def _hold_baton(self, epoch: int) -> lead.Lease | None:
        """Returns the lease of whoever has it instead: one who led before us, and has not heard of us yet."""
        if not self._baton.take():
            return self._baton.read()
        self._baton.write(lead.Lease(self._name, self._address, epoch, LASTS))
        return None

    def _fit(self) -> bool:
        """Whether nobody else can lead by now. False after a standstill of ours, until the store was asked."""
        if self.awake() and time.monotonic() - self._checked < LASTS:
            return True
        self._wake.set()
        return False

    def _go_on(self) -> None:
        if self._settled is None:
            self._floor.release()

    # Leading

    async def _lead(self, lease: lead.Lease, others: dict[str, str], begun: float) -> None:
        await self._unfollow()
        if self.epoch:  # it led without the store, which has given it the lease only now
            self._floor.follow(self._forward)
        if before := self._hold_baton(lease.epoch):
            others = others | {before.holder: before.address}
        others = {name: address for name, address in others.items() if name not in self._missing}
        self.epoch = self._seen = lease.epoch
        self._checked, self._awaited = begun, set(others)
        log.info("this controller leads", extra={"epoch": lease.epoch})
        self._floor.begin_to_lead()
        loop = asyncio.get_running_loop()
        self._settled = loop.call_later(SETTLE, self._settle)
        self._absent[""] = loop.call_later(GONE, self._give_up, "")  # calls that nobody speaks for
        if not others:
            self._settle()
        for name, address in filter(lambda other: other[1], others.items()):  # without one: they look for us
            self._tasks.append(asyncio.create_task(self._announce(name, address)))

    async def _announce(self, name: str, address: str) -> None:
        try:
            async with Client(address, self._token) as client:
                await client.ask(NewLead(self._name, self._address, self.epoch), within=SETTLE)
        except (LinkError, Refused):
            self._arrived(name)  # it has ended, or looks for itself

    def _settle(self) -> None:
        if self._settled is not None:
            self._settled.cancel()
            self._settled = None
            self._floor.release()

    def _arrived(self, name: str) -> None:
        self._awaited.discard(name)
        if not self._awaited:
            self._settle()

    def _join(self, join: Join) -> None:
        self._lead_of(join.epoch)
        if timer := self._absent.pop(join.controller, None):
            timer.cancel()
        self._missing.discard(join.controller)
        log.info("a controller follows", extra={"controller": join.controller})
        self._floor.joined(join.controller, join.account)
        self._arrived(join.controller)

    def _happened(self, told: Happened) -> None:
        self._lead_of(told.epoch)
        for one in told.events:
            event = msgspec.json.decode(one.event, type=EVENTS[one.kind])
            self._floor.happened(told.controller, event, one.at)

    def _lead_of(self, epoch: int) -> None:
        if not self.epoch or epoch != self.epoch:
            raise Refused(f"{self._name} does not lead in epoch {epoch}")

    def _act(self, controller: str, action: w.Action) -> None:
        self._server.tell(f"actions/{controller}", Act(self.epoch, type(action).__name__, raw(action)))

    def _changed(self, operator: Operator) -> None:
        self._server.tell("operators", lead.standing(self._floor.state, operator, time.monotonic()))

    def _took(self) -> Took:
        took = sorted(self._floor.decisions) or [0.0]
        last = len(took) - 1
        return Took(len(self._floor.decisions), took[last // 2], took[last * 99 // 100], took[last])

    def _lost_follower(self, topic: str) -> None:
        controller = topic.partition("/")[2]
        if self.epoch and controller not in self._absent:
            timer = asyncio.get_running_loop().call_later(GONE, self._give_up, controller)
            self._absent[controller] = timer

    def _give_up(self, controller: str) -> None:
        self._absent.pop(controller, None)
        if self.epoch:
            self._floor.left_behind(controller)

    # Following

    def _new_lead(self, told: NewLead) -> None:
        if told.epoch > max(self._seen, self.epoch) and told.address != self._address:
            lease = lead.Lease(told.holder, told.address, told.epoch, LASTS)
            self._following_next = asyncio.create_task(self._follow(lease))

    async def _follow(self, lease: lead.Lease) -> None:
        async with self._turn:
            await self._change_to(lease)

    async def _change_to(self, lease: lead.Lease) -> None:
        former = self._following
        if lease.epoch < self._seen:
            return
        if former and former.epoch == lease.epoch and (self._joined.is_set() or former.address == lease.address):
            return  # it goes on with the lease of one that is dead, as the store does not know yet
        await self._unfollow()
        if self.epoch:
            log.error("another leads; this controller follows", extra={"epoch": lease.epoch})
        self._baton.drop()
        self._following, self.epoch, self._seen = lease, 0, lease.epoch
        for timer in self._absent.values():
            timer.cancel()
        self._absent.clear()
        self._settled = None
        self._floor.follow(self._forward)
        client = self._client = Client(
            lease.address, self._token, on_up=self._greet, on_down=self._lost, on_refused=self._nobody
        )
        self._tasks = [
            asyncio.create_task(self._carry_out(client)),
            asyncio.create_task(self._mirror(client)),
            asyncio.create_task(self._send(client, lease.epoch)),
        ]
        await asyncio.sleep(0)  # they watch from the first moment of the connection
        client.start()

    async def _unfollow(self) -> None:
        client, self._client, self._following = self._client, None, None
        self._joined.clear()
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        if client is not None:
            await client.close()

    async def _greet(self) -> None:
        client, lease = self._client, self._following
        if client is None or lease is None:
            return
        self._unsent = [one for one in self._unsent if not isinstance(one[1], OF_CALLS)]
        try:
            account = self._floor.mine.account(time.monotonic())
            await client.ask(Join(self._name, lease.epoch, account), within=ANSWER)
        except Refused:
            self._nobody()
            return
        log.info("this controller follows", extra={"lead": lease.holder, "epoch": lease.epoch})
        self._joined.set()

    def _rejoin(self) -> None:
        if self._joined.is_set():
            self._rejoining = asyncio.create_task(self._greet_again())

    async def _greet_again(self) -> None:
        client = self._client
        try:
            await self._greet()
        except LinkError as error:
            log.error("the lead does not take our account: %s", error)
            if client is not None:
                await client.begin_anew()

    def missed(self, name: str) -> None:
        """A controller that is known to be gone: nobody waits for it, and nobody follows it."""
        self._missing.add(name)
        if self._following and self._following.holder == name:
            self._joined.clear()
            self._nobody()
        if self.epoch:
            self._arrived(name)

    def _lost(self) -> None:
        self._joined.clear()
        self._wake.set()

    def _nobody(self) -> None:
        """Whoever held the lease no longer answers for it."""
        if self._following:
            self._gone = self._following.epoch
            self._wake.set()

    def _forward(self, event: w.Event) -> None:
        if self._joined.is_set() or not isinstance(event, OF_CALLS):
            self._unsent.append((time.monotonic(), event))
            del self._unsent[:-MOST_UNSENT]
            self._more.set()

    async def _send(self, client: Client, epoch: int) -> None:
        while True:
            await self._joined.wait()
            if not self._unsent:
                self._more.clear()
                await self._more.wait()
                continue
            events = self._unsent[:AT_ONCE]
            told = [Told(type(event).__name__, raw(event), at) for at, event in events]
            try:
                await client.ask(Happened(self._name, epoch, told), within=ANSWER)
            except (LinkError, Refused) as error:
                log.error("the lead did not take an event: %s", error)
                self._joined.clear()
                await client.begin_anew()
                continue
            sent = set(map(id, events))
            self._unsent = [event for event in self._unsent if id(event) not in sent]

    async def _carry_out(self, client: Client) -> None:
        act: Act
        async for act in client.watch(f"actions/{self._name}", Act):
            if act.epoch >= self._seen:  # an older lead is not obeyed
                self._floor.told(msgspec.json.decode(act.action, type=ACTIONS[act.kind]))

    async def _mirror(self, client: Client) -> None:
        standing: lead.Standing
        async for standing in client.watch("operators", lead.Standing):
            self._floor.stands(standing)
