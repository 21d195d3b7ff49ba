"""Calls that are ours and that we do not have: those of a controller that is gone, or of our former life.

Whose a call is says its row. So whoever takes over changes rows first (`calls.take`, which is the fence), and then does
what any controller does after a start: fetches what the store says is its own. Nothing depends on how far somebody came
who died over it.

While the store is away no row can be changed. Then the kernel decides: whoever gets the lock of what a controller
keeps meanwhile (its backlog) knows that this controller is dead, and is the only one who takes its calls; what it kept,
and the taking, are written when the store is back. Of a controller that hangs nobody gets the lock, and nothing would
keep it from its calls when it wakes. So it is ended (`heirs.HANGS`).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import msgspec

from ivr import metrics
from ivr.ari import ids
from ivr.ari.errors import AriError
from ivr.calls import caller, kept, unseen
from ivr.calls.exchange import CITIZENS, Exchange
from ivr.calls.heirs import HANGS, heir
from ivr.calls.left import left
from ivr.calls.session import Session
from ivr.flow import words
from ivr.flow.callback_flow import with_callback
from ivr.publishing.versions import Version
from ivr.store import calls, controllers, writes
from ivr.store.schema import Call

T = TypeVar("T")
log = logging.getLogger(__name__)
# What a controller notes in a call's journey may come late, even after it was thought dead: it keeps these numbers.
LATE = 1000
LOST = timedelta(seconds=20)  # that an Asterisk's controllers are silent, after which it is taken for gone
SETTLE = 20  # tenths of a second that calls which have just come have for their first step
TURN = 0.1  # seconds from one look to the next
DYING = 1.0  # seconds from a controller's last word to its death
MOVING = 10.0  # seconds that channels have to come to us
ASKED_AGAIN = 3.0  # seconds that the network is back before somebody on another machine is known to be gone
GRACE = 0.3  # seconds that the store is back before rows are taken: whoever took calls without it writes that first


class Drain(msgspec.Struct):
    """To a controller: take no more calls, leave those that you have to the others, and end. Refused by one that is
    alone."""


class Takeover:
    def __init__(
        self, exchange: Exchange, prefix: str, former: Sequence[writes.Kept] = (), asterisk: str = "asterisk"
    ) -> None:
        """`prefix`: an application is named so, then its controller. `former`: what we kept in our former life.
        `asterisk`: ours."""
        self._exchange, self._prefix, self._asterisk = exchange, prefix, asterisk
        self._former: Sequence[writes.Kept] | None = former
        self._beginning: asyncio.Task[None] | None = None
        self.local: Callable[[str], bool] = lambda name: True  # whether a controller is on this machine
        self.there: Callable[[str], bool] = lambda name: False  # whether one answers after all
        self.hangs: Callable[[str], int] = lambda name: 0  # the process of a controller that hangs

    async def connected(self) -> None:
        """After each connecting: in the background, as the store may be away."""
        if self._beginning:
            self._beginning.cancel()
        self._beginning = self._exchange.go(self._begin())

    async def _begin(self) -> None:
        former, self._former = self._former, None
        if former is not None and await self._ask(lambda session: True) is None:
            await self._fetch_left(self._exchange.controller, former)
        await self._back()
        await self.look()
        await self.sweep(self._exchange.controller)

    async def gone(self, name: str, others: Collection[str]) -> None:
        """A controller is gone; `others` are there besides us. Its calls are shared."""
        exchange, me = self._exchange, self._exchange.controller
        survivors = [me, *others]

        def mine(name: str) -> bool:
            return heir(name, survivors) == me

        number = None
        if exchange.writer.settled:
            number = await self._ask(lambda session: calls.take(session, name, me, mine))
        if number is None:
            if self.local(name):
                if await self._without_the_store(name):
                    return
                await self._back()
            else:  # cut off from the store and from them alike: they may be well, and are asked again
                await self._back()
                await asyncio.sleep(ASKED_AGAIN)
                if self.there(name):
                    return
            number = await exchange.writer.run(lambda session: calls.take(session, name, me, mine))
        if number:
            log.error("%d calls of controller %s are ours from now on", number, name)
        exchange.writer.take_up()
        await self.look()
        if mine(name):
            await self.sweep(name)

    async def _ask(self, question: Callable[[Any], T]) -> T | None:
        """What the store says; None when it is away, and the question is withdrawn."""
        asked = self._exchange.writer.run(question)
        while not asked.done():
            await asyncio.wait({asked}, timeout=TURN)
            if self._exchange.writer.away and not asked.done():
                asked.cancel()
                return None
        return asked.result()

    async def _back(self) -> None:
        """Until the store is there, and knows what was done without it."""
        while not self._exchange.writer.settled:  # noqa: ASYNC110 another thread's, and other processes' work
            await asyncio.sleep(TURN)
        await asyncio.sleep(GRACE)

    async def _without_the_store(self, name: str) -> bool:
        """Take the calls of a controller that is dead for certain. False when it may be alive."""
        exchange = self._exchange
        deadline = time.monotonic() + HANGS + DYING
        while (estate := exchange.writer.left_by(name)) is None:
            if exchange.writer.settled or time.monotonic() > deadline:
                return False
            if (process := self.hangs(name)) and exchange.writer.end(name, process):
                log.error("controller %s hangs while the store is away, and is ended so that its calls can go on", name)
            await asyncio.sleep(TURN)
        with closing(estate):
            kept = estate.writes()
            # `again`: some of it may have been written before the store went away.
            await asyncio.gather(*(exchange.writer.run(one.again, kept=(one, None)) for one in kept))
            estate.clear()
            channels = await self._fetch_left(name, kept)
            log.error("the store is away; %d calls of controller %s, which is dead, are ours", len(channels), name)
            deadline = time.monotonic() + MOVING
            while time.monotonic() < deadline:  # whoever gets the lock next finds none of them there
                if channels.isdisjoint(await exchange.ari.channels_of(self._prefix + name)):
                    break
                await asyncio.sleep(TURN)
        exchange.go(self._sweep_after(name))
        return True

    async def _sweep_after(self, name: str) -> None:
        """Once the store is back; unless that controller is, which does it itself."""
        await self._back()
        if estate := self._exchange.writer.left_by(name):
            with closing(estate):
                await self.sweep(name)

    async def _fetch_left(self, name: str, kept_by: Sequence[writes.Kept]) -> set[str]:
        """The calls of a controller that is dead and kept this, or of our former life. Returns their channels."""
        exchange, ari, me = self._exchange, self._exchange.ari, self._exchange.controller
        inside = set(await ari.channels_of(self._prefix + name)) - exchange.channels
        found = left(
            me,
            {channel: kept.read(await ari.variable(channel, kept.VARIABLE)) for channel in inside},
            kept_by,
        )
        rows = [(row, last) for row, last in found.calls if row.id not in exchange.own]
        exchange.own.update(row.id for row, _ in rows)
        if name != me and rows:
            await exchange.writer.run(writes.TakeCalls([row.id for row, _ in rows], name, me))
        for row, last in rows:
            self._begin_call(row, last, inside)
        for channel in found.over:
            await ari.hang_up(channel)
        return {row.channel for row, _ in rows}

    def _begin_call(self, row: Call, last: int, there: Collection[str]) -> None:
        exchange = self._exchange
        metrics.TAKEOVERS.inc()
        exchange.fence.give_back(row.id, row.channel)
        exchange.journal.resume(row.id, last + LATE)
        if row.channel in there:
            exchange.go(self._fetch(row, [channel for channel in there if channel.startswith(f"{row.id}-")]))
        else:
            exchange.go(self._finish(row))

    async def forsaken(self, others: Collection[str]) -> None:
        """For one on each Asterisk: calls of its controllers that nobody has seen for long, as they died before we
        began, or with whoever should have taken their calls. `others` are there, whatever the store says."""
        if not self._hears_of_others:
            return
        for name, beside in (await self._ask(lambda session: self._unseen(session, others)) or {}).items():
            if beside:
                await self.gone(name, ())

    async def lost(self, others: Collection[str]) -> None:
        """For the one that leads: calls on another Asterisk of which no controller has been seen for so long that it is
        taken for gone, and its calls for over."""
        exchange, now = self._exchange, datetime.now(UTC)
        if not self._hears_of_others:
            return
        for name, beside in (await self._ask(lambda session: self._unseen(session, others)) or {}).items():
            if not beside:
                number = await exchange.writer.run(partial(calls.lose, former=name, new=exchange.controller, now=now))
                log.error("%d calls of controller %s are over: its Asterisk is gone", number, name)
                await self.look()

    @property
    def _hears_of_others(self) -> bool:
        """Whether the store tells who has been seen: one that was away does when all have had the time to tell it."""
        writer = self._exchange.writer
        return writer.settled and writer.back_for > controllers.ALIVE.total_seconds()

    def _unseen(self, session: Any, others: Collection[str]) -> dict[str, bool]:
        """Controllers that have calls and have not been seen, and whether they are on our Asterisk; of those on others
        only the ones that are on none that lives."""
        exchange, now = self._exchange, datetime.now(UTC)
        beating = (row.id for row in controllers.alive(session, now))
        names = calls.forsaken(session, {exchange.controller, *others, *beating}, now - controllers.ALIVE)
        if not names:
            return {}
        on = {name: self._asterisk for name in names} | controllers.asterisks(session)
        heard = {row.asterisk for row in controllers.alive(session, now, LOST)} | {on.get(name, "") for name in others}
        ours = {name: on[name] == self._asterisk for name in names}
        return {name: beside for name, beside in ours.items() if beside or on[name] not in heard}

    async def look(self) -> None:
        """Fetch what is ours. A call of which nothing is left in Asterisk gets its end and its ticket."""
        if not self._exchange.ari.up or not self._exchange.writer.settled:
            return
        exchange, before = self._exchange, set(self._exchange.own)

        def ours(session: Any) -> tuple[list[Call], dict[str, int]]:
            rows = calls.unfinished(session, exchange.controller, before)
            last = calls.last_entries(session, [row.id for row in rows])
            session.expunge_all()
            return rows, last

        rows, last = await exchange.writer.run(ours)
        rows = [row for row in rows if row.id not in exchange.own]  # some have begun since
        if not rows:
            return
        exchange.own.update(row.id for row in rows)
        try:
            there = {channel.id for channel in await exchange.ari.channels()}
        except AriError:
            exchange.own.difference_update(row.id for row in rows)
            raise
        for row in rows:
            self._begin_call(row, last.get(row.id, 0), there)

    async def _fetch(self, row: Call, rest: Collection[str]) -> None:
        """`rest`: the other channels of this call."""
        exchange = self._exchange
        try:
            former = kept.read(await exchange.ari.variable(row.channel, kept.VARIABLE))
            version = await self._version(former, row)
        except Exception:
            exchange.own.discard(row.id)  # the next look tries again
            raise
        facts = former.facts if former else _facts(row)
        flow = former.flow if former else version.book.flow_for(row.called)
        session = Session(
            exchange, row.id, row.channel, version, flow, facts, wideband=former.wideband if former else False
        )
        session.go_on(former, rest)
        await session.run()

    async def _version(self, former: kept.Kept | None, row: Call) -> Version:
        version = await self._exchange.versions.get(former.version if former else row.version)
        if former and former.callback and former.state.flow not in version.book.flows:
            book, _ = with_callback(version.book, former.callback)
            return Version(version.number, book, version.library, version.queues)
        return version

    async def _finish(self, row: Call) -> None:
        exchange, now = self._exchange, datetime.now(UTC)
        try:
            version = await self._version(None, row)

            def finish(session: Any) -> None:
                journey = calls.journey(session, row.id)
                if exchange.is_older(row.started_at) and not any(one.kind == calls.CUT_OFF for one in journey):
                    calls.note_cut_off(session, [row.id], now)
                    journey = calls.journey(session, row.id)
                calls.finish_lost(session, row.id, now, **unseen.end(journey, version.book))

            await exchange.writer.run(finish)
        finally:
            exchange.own.discard(row.id)
        log.error("a call was over before it could be taken over; it has its ticket", extra={"call": row.id})
        for channel in await exchange.ari.channels():
            if channel.id.startswith(f"{row.id}-"):
                await exchange.ari.hang_up(channel.id, 41)

    async def let_go(self) -> None:
        """Leave what we have to others: it is theirs as soon as our link is closed. New calls are not ours from now on;
        of those that were, the first steps are awaited."""
        exchange = self._exchange
        exchange.claims = False
        for _ in range(SETTLE):
            if all(exchange.session(call) for call in exchange.own):
                break
            await asyncio.sleep(0.1)
        for call in list(exchange.own):
            if session := exchange.session(call):
                exchange.fence.take(call, session.channel)

    async def sweep(self, name: str) -> None:
        """What is in a controller's application and belongs to no call that goes on. A citizen whose call had no row
        gets one with us; anything else is of a call that is over, and is hung up."""
        exchange = self._exchange
        inside = set(await exchange.ari.channels_of(self._prefix + name)) - exchange.channels

        def known(session: Any) -> tuple[set[str], list[Call]]:
            return calls.with_channels(session, inside), calls.live(session)

        had, live = await exchange.writer.run(known)
        in_use = {row.channel for row in live} | {row.id for row in live}
        for channel in await exchange.ari.channels():
            if channel.id not in inside or channel.id in in_use or ids.call_of(channel.id) in in_use:
                continue
            if channel.dialplan.context == CITIZENS and channel.id not in had:
                codecs = await exchange.ari.variable(channel.id, "CHANNEL(audionativeformat)")
                await exchange.ari.move(channel.id, ("citizen", codecs))
            else:
                await exchange.ari.hang_up(channel.id, 41)


def _facts(row: Call) -> words.Facts:
    """Of a call that had not come to its first wait."""
    who = caller.identify(row.caller)
    return words.Facts(row.id, row.called, row.caller, not row.caller, who.district, who.country)
