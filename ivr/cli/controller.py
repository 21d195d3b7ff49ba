"""`ivr controller`: one controller of calls (started by `ivr up`). Here the rooms are put together."""

import argparse
import asyncio
import gc
import logging
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session

from asterisk_conf.render import APP_PREFIX, ARI_USER, TRUNK
from ivr import logs, metrics
from ivr.acd import commands, overview
from ivr.acd import words as acd
from ivr.acd.baton import Baton
from ivr.acd.floor import Floor
from ivr.acd.leadership import Leadership
from ivr.acd.state import USUAL_LEVEL
from ivr.ari import ids
from ivr.ari.ami import Ami
from ivr.ari.client import Ari
from ivr.ari.connection import Connection
from ivr.calls import commands as call_commands
from ivr.calls import phones, reception, rehearsal
from ivr.calls.admission import Admission, Limits, lines
from ivr.calls.callback import Terms
from ivr.calls.callbacks import Callbacks
from ivr.calls.exchange import Exchange
from ivr.calls.journal import Journal
from ivr.calls.neighbours import AreYouThere, Here, Neighbours
from ivr.calls.orphans import Orphans
from ivr.calls.reach import Reach
from ivr.calls.ready import Ready
from ivr.calls.services import Services
from ivr.calls.takeover import Drain, Takeover
from ivr.cli import open_files, reads
from ivr.cli.installation import given_secret, link_key, secret
from ivr.cli.installation import library as open_library
from ivr.cli.invitation import join
from ivr.cli.output import common
from ivr.cli.recording import open_nightly, open_tape
from ivr.ending import told_to_end
from ivr.link.client import Client
from ivr.link.messages import Refused
from ivr.link.server import HOST, Server
from ivr.media.far import FarLibrary, FarTape, watch
from ivr.periodic import every, quietly
from ivr.problem import Problem
from ivr.prompts.library import Library
from ivr.publishing import versions
from ivr.settings import Settings, Sip, asterisk_name, load
from ivr.store import controllers, flow_versions, operators, writes
from ivr.store.backlog import Backlog
from ivr.store.database import Database, StoreError
from ivr.store.schema import Controller, Operator, Presence
from ivr.store.writer import Writer

log = logging.getLogger(__name__)

BEAT = 1.0
LOOK = 3.0
ORPHANED = 10.0  # seconds after which what nobody has is nobody's
SWEEP = 30.0
FAREWELL = 15.0
INHERITED = 12.0  # seconds
ANSWER = 3.0  # seconds that the database has


def arguments(parser: argparse.ArgumentParser) -> None:
    common(
        parser,
        "Example: ivr controller controller-1 --data /srv/numero-nero\n\nOn another machine than Asterisk's: "
        "docs/several-machines.md",
    )
    parser.add_argument("id", metavar="ID", help="its name, the same each time it is started")
    parser.add_argument("--join", type=Path, metavar="FILE", help="first: become another machine's, by its invitation")
    parser.add_argument("--asterisk", type=int, default=1, metavar="N", help="of several, whose calls it takes (1)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Raises Problem when there is no such Asterisk."""
    logs.start(args.id)
    if args.join:
        join(args.join, args.data or Path(os.environ.get("NUMERO_NERO_DATA", "data")))
    settings = load(args.data)
    if not 1 <= args.asterisk <= settings.asterisks.count:
        raise Problem(f"there is no Asterisk {args.asterisk}: asterisks.count is {settings.asterisks.count}")
    reads.small()
    asyncio.run(control(settings, args.id, args.asterisk))
    return 0


async def control(settings: Settings, name: str, number: int = 1) -> None:
    """Run until SIGTERM; then every call left is ended and written. `number`: of the Asterisk whose calls it takes."""
    ports, asterisk = settings.ports_of(number), asterisk_name(number)
    key, far, machine = link_key(settings), settings.machines.asterisk, settings.machines.listen or HOST
    media = Client(f"{far or HOST}:{ports.media}", key)
    if far:
        media.start()
    # Calls wait for nobody who does not answer; what takes its time, and can wait, has a way of its own.
    url = settings.database_url
    database, patient = Database(url, ANSWER, migrated=True), Database(url, migrated=True)
    backlog = await _own_backlog(settings.backlog, name)
    former = backlog.writes()
    writer = Writer(database, backlog)
    journal = Journal(writer)
    begun, offset = datetime.now(UTC), settings.clock.at

    def clock() -> datetime:
        now = datetime.now(UTC)
        return now if offset is None else offset + (now - begun)

    def on_presence(new: acd.Present) -> None:
        at, call = datetime.now(UTC), ids.call_of(new.call)
        stands = writes.SetPresence(new.operator, new.presence, at, new.reason, call, new.phone, new.by)
        exchange.go(quietly(writer.run(stands)))

    floor = Floor(on_presence)
    arranged = rehearsal.strict if settings.rehearsal.folder else list
    library: Library = FarLibrary(media) if far else open_library(settings)
    await library.open()

    def on_active(version: versions.Version) -> None:
        versions.note_active(settings.flow_versions, version.number)
        floor.arrange(arranged(version.queues.values()))

    flows = versions.Versions(
        lambda number: versions.load(database, number, settings.flow_versions, library.of), on_active
    )
    await flows.start(versions.activated(database, settings.flow_versions))
    password = secret(settings, "asterisk")
    connection = Connection(
        ports.ari_tls if far else ports.ari,
        APP_PREFIX + name,
        ARI_USER,
        password,
        on_event=lambda event: exchange.on_event(event),
        on_up=lambda: exchange.connected(),
        on_down=lambda: exchange.lost(),
        on_dead=lambda: exchange.cut_off(),
        host=far or HOST,
        trusted=key.client if far else None,
    )
    ari, ami = Ari(connection), None if far else Ami(ports.ami, ARI_USER, password)

    async def act(action: dict[str, str]) -> dict[str, object]:
        await exchange.fence.passes(action.get("Channel", ""))
        return await ami.action(action) if ami else {}

    own_tape = None if far else open_tape(settings, patient, act)
    tape = own_tape or FarTape(media, lambda channel: exchange.fence.passes(channel))
    services = Services(settings.http.allow, settings.http.private, partial(given_secret, settings))
    exchange = Exchange(
        name, ari, flows, library, floor, journal, writer, tape, services, clock, reception.welcome,
        trunk=settings.sip.trunk_to, rehearsal=settings.rehearsal.folder, place=settings.asterisks.place,
        listening=f"127.0.0.1:{settings.ports.listening}", certain=bool(far),
    )  # fmt: skip
    through = f"{settings.sip.listen}:{settings.ports.sip}" if settings.proxied else ""
    desks = Phones(ari, floor, database, secret(settings, "phones"), settings.sip, through)
    callbacks = Callbacks(exchange, Terms(**settings.callbacks.model_dump()))
    reach = Reach(ari, floor)
    takeover = Takeover(exchange, APP_PREFIX, former, asterisk)
    orphans = Orphans(exchange, takeover)
    exchange.on_up += [desks.renew, reach.renew]

    ready = Ready(ari, writer)
    link = Server(key, ready)
    link.on(metrics.Figures, metrics.figures)
    metrics.CALLS_IN_PROGRESS.set_function(lambda: exchange.calls)
    metrics.ASTERISK_UP.set_function(lambda: connection.up)
    metrics.READY.set_function(lambda: all(ready().values()))
    for command in commands.ALL:
        link.on(command, partial(commands.carry_out, floor))
    link.on(overview.Look, lambda _: overview.look(floor, time.monotonic()))
    for kind in call_commands.ALL:
        link.on(kind, partial(call_commands.carry_out, exchange))
    address = await link.listen(range(settings.ports.link_first, settings.ports.link_last + 1), machine)
    leadership = Leadership(name, address, floor, link, database, key, Baton(settings.data / "lead.lock"))
    # Those of Asterisk: on another machine than its, whoever is on that counts them.
    files = open_files.MOST if far else open_files.of(settings, asterisk)
    limits, allowed = settings.admission, open_files.telephones(files)
    pairs = min((ports.rtp_last + 1 - ports.rtp_first) // 2, allowed)
    admission = Admission(
        exchange,
        ami,
        writer,
        Limits(limits.calls, limits.waiting, limits.lag),
        lambda: neighbours.first,
        TRUNK if limits.refuse == "503" and ami else "",
        lambda: lines(pairs, desks.at_work, limits.told),
    )
    exchange.admits, ready.admits = admission.admits, lambda: exchange.claims and admission.state.open
    metrics.ADMISSION_OPEN.set_function(lambda: admission.state.open)
    exchange.on_up += [admission.renew, takeover.connected, callbacks.connected]
    leadership.awake = lambda: exchange.fence.awake

    async def on_gone(other: str, beside: bool) -> None:
        leadership.missed(other)
        if beside:
            await takeover.gone(other, neighbours.there)

    machines = (machine, far or machine)
    neighbours = Neighbours(name, key, lambda: connection.up, on_gone, asterisk, machines)

    def cut_off() -> None:
        """Others take our calls, and are not to be taken for gone."""
        exchange.fence.doubt()
        neighbours.forget()

    takeover.local, takeover.there = neighbours.local, lambda other: other in neighbours.there
    leadership.there = lambda: neighbours.answering
    takeover.hangs = lambda name: neighbours.hangs(name)
    link.on(AreYouThere, lambda _: Here(begun.timestamp(), connection.up))
    stop, drained = told_to_end(), False

    async def drain(_: Drain) -> None:
        nonlocal drained
        if not neighbours.there:
            raise Refused("no other controller is there to take its calls: start one with `ivr controller`")
        await takeover.let_go()
        drained = True
        stop.set()

    link.on(Drain, drain)

    def when_leading(work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
        """What one controller does for all."""
        return lambda: work() if leadership.epoch else asyncio.sleep(0)

    def when_first(work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
        """What one does for all that are on this Asterisk."""
        return lambda: work() if neighbours.first else asyncio.sleep(0)

    nightly = None if settings.machines.listen else open_nightly(settings, patient)  # else `ivr media` has both
    loops = [
        asyncio.create_task(exchange.fence.run()),
        asyncio.create_task(neighbours.run()),
        asyncio.create_task(leadership.run()),
        asyncio.create_task(connection.run()),
        asyncio.create_task(
            every(BEAT, lambda: _beat(exchange, admission, neighbours, writer, begun, address, asterisk))
        ),
        asyncio.create_task(every(BEAT, admission.look)),
        asyncio.create_task(every(BEAT, ready.look)),
        asyncio.create_task(every(LOOK, takeover.look)),
        asyncio.create_task(every(BEAT, when_first(lambda: takeover.forsaken(neighbours.known)))),
        asyncio.create_task(every(BEAT, when_leading(lambda: takeover.lost(neighbours.answering)))),
        asyncio.create_task(every(ORPHANED, orphans.look_at_channels)),
        asyncio.create_task(every(ORPHANED, when_first(orphans.look_at_bridges))),
        asyncio.create_task(every(BEAT, desks.renew_if_changed)),
        asyncio.create_task(every(BEAT, when_leading(reach.look))),
        asyncio.create_task(every(BEAT, callbacks.look)),
        asyncio.create_task(every(SWEEP, lambda: asyncio.to_thread(library.sweep, time.time()))),
    ]
    if own_tape and nightly:
        sweep, look = own_tape.sweep, nightly.look
        loops += [
            asyncio.create_task(every(SWEEP, when_leading(sweep))),
            asyncio.create_task(every(SWEEP, when_leading(lambda: asyncio.to_thread(look)))),
        ]
    if ami:
        loops.append(asyncio.create_task(ami.connect()))
    if far:
        loops.append(asyncio.create_task(watch(media, cut_off)))
    gc.collect()
    gc.freeze()  # what is there now stays; the collector need not look through it again and again
    await stop.wait()
    log.info("ending: %d calls are still up", exchange.calls)
    if nightly:
        nightly.close()
    callbacks.close()
    if drained:  # the others take its calls as soon as nobody is at its link
        for loop in loops:
            loop.cancel()
        await leadership.close()
        await link.close()
    else:
        exchange.close()
    try:
        async with asyncio.timeout(FAREWELL):
            await exchange.idle()
    except TimeoutError:
        log.error("some work was not finished; it is taken up at the next start")
    for loop in loops:
        loop.cancel()
    neighbours.close()
    if own_tape:
        own_tape.close()
    await leadership.close()
    await link.close()
    if ami:
        ami.close()
    await media.close()
    await library.close()
    await services.close()
    journal.flush()
    await writer.close()


async def _own_backlog(folder: Path, name: str) -> Backlog:
    """Whoever takes over the calls of our former life while the database is away has it meanwhile."""
    deadline = time.monotonic() + INHERITED
    while True:
        try:
            return Backlog(folder, name)
        except StoreError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.1)


class Phones:
    """Keeps Asterisk and the floor informed of the operators there are in the store."""

    def __init__(self, ari: Ari, floor: Floor, database: Database, secret: str, sip: Sip, through: str) -> None:
        self._ari, self._floor, self._database, self._secret, self._sip = ari, floor, database, secret, sip
        self._through = through
        self._known: list[acd.Joined] = []  # by what the store said last
        self._there: frozenset[str] = frozenset()
        self._period = 0  # of the browsers' passwords

    @property
    def at_work(self) -> int:
        """Operators whose phones may be in a call."""
        return sum(joined.presence != "signed-out" for joined in self._known)

    def _read(self) -> list[acd.Joined]:
        with self._database.read() as session:
            presences = {row.code: row for row in operators.presences(session)}
            return [_joined(row, presences.get(row.code)) for row in operators.current(session)]

    async def renew(self) -> None:
        """Tell Asterisk of every phone: it may have been restarted. The store may be away."""
        self._there = frozenset()
        if not self._known:
            await quietly(self._look())
        await self._tell(self._known)

    async def renew_if_changed(self) -> None:
        await self._look()
        if self._ari.up:  # else `renew` comes with the connection
            await self._tell(self._known)

    async def _look(self) -> None:
        self._known = await asyncio.to_thread(self._read)
        self._floor.staff(self._known)

    async def _tell(self, now: list[acd.Joined]) -> None:
        codes, period = frozenset(joined.operator for joined in now), phones.period(time.time())
        for code in codes - self._there:
            phone = phones.sip_phone(code, self._secret, self._sip.srtp)
            await phones.put(self._ari, phones.account(code), phone, self._through)
        for code in codes if period != self._period else codes - self._there:
            browser = phones.browser_phone(code, self._secret, period, self._sip.listen)
            await phones.put(self._ari, phones.browser_account(code), browser, self._through)
        for code in self._there - codes:
            for name in (phones.account(code), phones.browser_account(code)):
                await phones.delete(self._ari, name)
        self._there, self._period = codes, period


def _joined(row: Operator, then: Presence | None) -> acd.Joined:
    """Whoever was at work when the controller ended is at work when it is back; a pause goes on."""
    skills = dict.fromkeys(row.languages, USUAL_LEVEL) | row.skills
    who = (row.code, tuple(sorted(skills.items())), frozenset(row.queues), tuple(row.languages))
    ordinary = phones.account(row.code)
    if then is None or then.state == "signed-out":
        return acd.Joined(*who, phone=ordinary)
    paused = then.state == "paused" or (then.state == "unreachable" and then.reason)
    reason = then.reason if paused else ""
    return acd.Joined(*who, "paused" if paused else "ready", reason, then.phone or ordinary)


async def _beat(
    exchange: Exchange,
    admission: Admission,
    neighbours: Neighbours,
    writer: Writer,
    begun: datetime,
    address: str,
    asterisk: str,
) -> None:
    name, number, waiting, up = exchange.controller, exchange.calls, exchange.waiting, exchange.ari.up

    def beat(session: Session) -> tuple[int, tuple[int, int, int], list[Controller]]:
        now = datetime.now(UTC)  # it may have waited for the store: who was alive when it was given may be long dead
        if up:  # a controller without Asterisk takes no calls, and is not counted as ready
            controllers.heartbeat(
                session,
                name,
                pid=os.getpid(),
                started_at=begun,
                now=now,
                calls=number,
                waiting=waiting,
                address=address,
                asterisk=asterisk,
            )
        alive = controllers.alive(session, now)
        return flow_versions.active_number(session), controllers.others(session, name, now, asterisk), alive

    version, admission.others, alive = await writer.run(beat)
    neighbours.look(alive)
    # So that a new version is mostly loaded before its first call, and its queues are there for the operators.
    exchange.go(exchange.versions.take(version))
