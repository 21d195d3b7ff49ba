"""A call and its operators: the place in a queue, the offers, who answered, the two connected and on tape, and apart
again.

The session of the call asks (`wanted`, `connect`) and tells what happens (`before`); the floor and the operators' legs
tell the rest.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from ivr.acd import words as acd
from ivr.acd.state import is_personal, personal
from ivr.ari import ids
from ivr.ari.errors import AriError
from ivr.calls import commands as c
from ivr.calls import kept, talk
from ivr.calls.consult import Consult
from ivr.calls.exchange import Exchange
from ivr.calls.leg import Leg
from ivr.calls.offers import Offers
from ivr.calls.supervision import Supervision
from ivr.calls.talk import Talk
from ivr.flow import words
from ivr.flow.builtin import builtin_say
from ivr.link.messages import Refused
from ivr.prompts.library import PromptError, media
from ivr.store import writes

if TYPE_CHECKING:
    from ivr.calls.session import Session

log = logging.getLogger(__name__)


class Conversation:
    """`waited` and `talked`: seconds in all. `disposition`: what an operator said of it, "" for nothing yet. `asked`:
    what the flow asked for last."""

    def __init__(self, exchange: Exchange, session: "Session") -> None:
        self.call: str = session.call
        self.waited = self.talked = 0.0
        self.disposition = ""
        self._exchange, self._session = exchange, session
        self._offers = Offers(exchange)
        self._leg: Leg | None = None  # who answered
        self._wants_connection = False
        self._recording, self._part = "on", 0
        self.asked: words.Enqueue | None = None
        self._queued_at = 0.0
        self._came = 0.0  # into the queue: the place in it goes by that
        self._talk_since = 0.0
        self._aim = ""  # the colleague whom the call was sent to, until they have it
        self._claim = self.call  # what the router calls the conversation that there is
        self._talk: Talk | None = None
        self._places = talk.Places(False, False, False)  # as Asterisk was told
        self._lock = asyncio.Lock()  # one change of who is where at a time
        self._consult: Consult | None = None
        self._consults = self._supervisions = 0
        self._supervision: Supervision | None = None
        self._heard = asyncio.Event()

    @property
    def queue(self) -> str:
        return self.asked.queue if self.asked else ""

    @property
    def waits(self) -> bool:
        """The caller is in a queue."""
        return bool(self._queued_at)

    @property
    def language(self) -> str:
        return self._session.language

    @property
    def wideband(self) -> bool:
        return self._session.wideband

    @property
    def reason(self) -> str:
        """Why the caller calls: the subject that the flow gave the ticket, "" for none."""
        ticket = self._session.state.ticket
        return ticket.subject if ticket else ""

    @property
    def whisper(self) -> str:
        """What the operator hears before the conversation."""
        return "whisper-reason" if self.reason else "whisper"

    @property
    def wrap_up(self) -> float:
        """Seconds that an operator has for the disposition."""
        return self._session.version.queues[self.asked.queue].wrap_up if self.asked else 0.0

    # From one controller to another

    def to_keep(self) -> kept.Conversation:
        leg = self._leg
        return kept.Conversation(
            asked=self.asked,
            came=kept.to_clock(self._came),
            queued_at=kept.to_clock(self._queued_at),
            waited=self.waited,
            talked=self.talked,
            disposition=self.disposition,
            aim=self._aim,
            offers=self._offers.number,
            consults=self._consults,
            supervisions=self._supervisions,
            leg=leg.channel if leg else "",
            operator=leg.operator if leg else "",
            phone=leg.phone if leg else "",
            number=leg.number if leg else 0,
            claim=self._claim,
            recording=self._recording,
            part=self._part,
            talk=self._talk,
            talk_since=kept.to_clock(self._talk_since),
        )

    def go_on(self, former: kept.Conversation) -> bool:
        """What another controller began is ours: who waits keeps the place, who speaks goes on. False when an operator
        had answered and the two were not connected: that is begun anew, with whoever is free."""
        self.asked, self.waited, self.talked = former.asked, former.waited, former.talked
        self.disposition, self._aim, self._offers.number = former.disposition, former.aim, former.offers
        self._came, self._queued_at = kept.from_clock(former.came), kept.from_clock(former.queued_at)
        self._consults, self._supervisions = former.consults, former.supervisions
        self._claim, self._recording, self._part = former.claim or self.call, former.recording, former.part
        floor, arrived = self._exchange.floor, self._arrival(max(time.monotonic() - self._came, 0.001))
        if former.talk and arrived:
            since = self._talk_since = kept.from_clock(former.talk_since)
            self._talk, self._places = talk.alone(former.talk), talk.places(former.talk)
            leg = Leg(self._exchange, self, former.operator, former.phone, former.number, 0.0, former.leg)
            self.bring(leg)
            self._offers.number = former.offers
            floor.go_on(self, replace(arrived, call=self._claim), former.operator, since)
            self._exchange.go(leg.go_on())
            return True
        if former.leg:
            self._queued_at = time.monotonic()
            self._exchange.go(self._exchange.ari.destroy_bridge(ids.bridge(self.call, former.number)))
        if self._queued_at and arrived:
            floor.go_on(self, arrived)
        return not former.leg

    # What the session tells

    def wanted(self, asked: words.Enqueue) -> None:
        """The flow asks for an operator."""
        self.asked, self._came = asked, time.monotonic()
        if self._leg:  # who has called back
            self._session.told(words.OperatorAnswered(self._leg.operator))
            return
        self._queued_at = self._came
        if asked.place:
            before = max(0.0, time.time() - self._session.facts.place_since)
            self._came -= before
            if asked.max_wait is not None:  # from now on
                self.asked = msgspec.structs.replace(asked, max_wait=asked.max_wait + before)
        self._enter_queue(again=asked.place)

    def bring(self, leg: Leg) -> None:
        """An operator has accepted before the flow asks for one."""
        self._leg = leg
        self._offers.take_over(leg)
        leg.hand_over(self)

    def unwanted(self) -> None:
        """The caller goes elsewhere."""
        self._stop_waiting()
        self._exchange.floor.take(acd.Left(self.call))

    def _stop_waiting(self) -> None:
        if self._queued_at:
            self.waited += time.monotonic() - self._queued_at
            self._queued_at = 0.0

    async def connect(self, recording: str) -> None:
        """The caller has heard the operator's code. `recording`: `on`, `off` or `paused`."""
        self._wants_connection, self._recording = True, recording
        if self._leg and self._leg.ready:
            await self._connect(self._leg)

    async def before(self, event: words.Event) -> None:
        """What is ours to do about an event, before the flow hears of it."""
        match event:
            case words.OperatorLeft():
                async with self._lock:
                    await self._separate()
            case words.Transferred() if not self._session.ended:
                self._enter_queue()
            case words.OperatorLost():
                self._wants_connection = False
            case words.HungUp():
                async with self._lock:
                    await self._separate()
                self._let_operator_go()

    async def end(self) -> None:
        """The call ends: nothing of ours stays up."""
        async with self._lock:
            await self._separate()
        self.unwanted()
        self._let_operator_go()

    # What the floor tells

    def offer(self, operator: str, phone: str, ring: float) -> None:
        self._session.note("offer", {"operator": operator})
        self._offers.make(self, operator, phone, ring)

    def withdraw(self, operator: str, missed: bool) -> None:
        if self._offers.withdraw(operator):
            self._session.note("offer-missed" if missed else "offer-withdrawn", {"operator": operator})

    def leave_queue(self, exit: str) -> None:
        if self._aim:
            self._send_back()
            return
        self._stop_waiting()
        self._session.told(words.QueueExit(exit))

    def announce(self, position: int, wait: float | None) -> None:
        self._session.told(words.Announce(position, self._session.world.estimate(wait)))

    # What an operator's leg tells

    def leg_answered(self, leg: Leg) -> None:
        self._leg = leg
        self._stop_waiting()
        self._session.note("operator-answered", {"operator": leg.operator})
        self._session.told(words.OperatorAnswered(leg.operator))

    def leg_ready(self, leg: Leg) -> None:
        if leg is self._leg and self._wants_connection:
            self._exchange.go(self._connect(leg))

    def leg_over(self, leg: Leg, *, absent: bool) -> None:
        self._offers.over(leg)
        had_it = leg is self._leg
        if had_it:
            self._leg = None
        if not leg.connected:
            self._missed(leg, had_it, absent)
        elif had_it and not self._session.ended:
            self._exchange.go(self._operator_left(leg))

    def _missed(self, leg: Leg, accepted: bool, absent: bool) -> None:
        """The offer was not taken, or the operator hung up before the conversation: the caller keeps the place."""
        lost = accepted and not self._session.ended
        if lost:
            self._session.told(words.OperatorLost())
            self._queued_at = time.monotonic()
        if not leg.withdrawn:
            self._exchange.floor.take(acd.Missed(self.call, leg.operator, absent))
        if self._session.ended:
            return
        if not leg.withdrawn:
            self._session.note("offer-missed", {"operator": leg.operator})
        if self._aim == leg.operator and not self._offers.to(leg.operator):
            self._exchange.floor.take(acd.Left(self.call))
            self._send_back()
        elif lost:
            self._enter_queue(again=True)

    async def dispose(self, operator: str, disposition: str) -> None:
        """The operator has given the outcome of this conversation."""
        self.disposition = disposition
        self._session.note("disposition", {"operator": operator, "disposition": disposition})
        now = datetime.now(UTC)
        await self._exchange.writer.run(writes.SetDisposition(self.call, disposition, now))
        self._exchange.floor.take(acd.WrappedUp(operator))

    # Commands

    def played(self, playback: str) -> None:
        if playback == self._introduction:
            self._heard.set()

    async def command(self, command: c.Command) -> None:
        """Raises Refused, or AriError when somebody has just hung up."""
        async with self._lock:
            if self._talk is None or self._session.ended:
                raise Refused("nobody is speaking with this caller")
            await self._obey(self._talk, talk.step(self._talk, command), command)
            await self._session.save()

    async def _obey(self, before: Talk, after: Talk, command: c.Command) -> None:
        detail = {"operator": before.operator}
        match command:
            case c.Transfer():
                await self._transfer(self._target(command), before.operator)
            case c.TakeOver():
                target = self._target(c.Transfer(command.call, command.by, operator=command.operator))
                self._session.note("taken-over", {"by": command.by, "operator": command.operator})
                await self._transfer(target, before.operator)
            case c.Supervise():
                self._supervise(command)
            case c.Consult():
                queue = self._target(command)
                await self._wire(after)
                self._consults += 1
                name = ids.consult(self.call, self._consults)
                skills = () if is_personal(queue) else self._skills(queue)
                terms = personal(queue[1:]) if is_personal(queue) else self._session.version.queues[queue]
                wait = terms.ring if is_personal(queue) else None
                arrived = acd.Arrived(name, queue, skills, 9, wait, 0.0, terms, self.language)
                self._consult = Consult(self._exchange, self, self._consults, arrived)
                self._session.note("consulting", detail | {"to": queue})
                self._consult.begin()
            case c.Return():
                self._let_other_go()
                await self._wire(after)
                self._session.note("consult-ended", detail)
                self._session.note("resumed", detail)  # a consult that ends otherwise leaves the caller with the music
            case c.Conference() if self._consult and self._consult.leg:
                await self._introduce(before.other)
                await self._wire(after)
                self._session.note("three-way", detail | {"other": before.other})
            case c.Complete():
                await self._complete(after)
            case c.Mute(on=on) | c.PauseRecording(on=on):
                await self._wire(after)
                kind = "muted" if isinstance(command, c.Mute) else "recording-paused"
                self._session.note(kind if on else {"muted": "unmuted"}.get(kind, "recording-resumed"), detail)
            case c.Hold() | c.Unhold():
                await self._wire(after)
                self._session.note("held" if after.held else "resumed", detail)

    def _target(self, command: c.Transfer | c.Consult) -> str:
        """The queue's name, a colleague's own or one of all. Raises Refused when the call would not wait there."""
        if bool(command.queue) == bool(command.operator):
            raise Refused("say either a queue or an operator")
        if command.operator == command.by:
            raise Refused("that is your own code")
        queue = command.queue or personal(command.operator).name
        if command.queue and queue not in self._session.version.queues:
            raise Refused(f"there is no queue {queue}")
        if why := self._exchange.floor.refusal(queue, self._skills(command.queue), self.language):
            raise Refused(why)
        return queue

    def _skills(self, queue: str) -> tuple[str, ...]:
        """Whoever asked for an operator of their language gets one, in whatever queue."""
        asked = self.asked.skills if self.asked else ()
        if not queue or queue == self.queue:
            return asked if queue else ()
        return (self.language,) if self.language in asked else ()

    async def _transfer(self, queue: str, operator: str) -> None:
        """The operator is done with the call; the caller waits."""
        leg, self._leg = self._leg, None
        await self._separate()
        if leg:
            leg.caller_left()
        self._session.note("transferred", {"operator": operator, "to": queue})
        self._came = self._queued_at = time.monotonic()
        if is_personal(queue):
            self._aim = queue[1:]
        elif self.asked:
            # A priority of its own is the call's, wherever it waits; the longest wait is the former queue's.
            self.asked = msgspec.structs.replace(self.asked, queue=queue, skills=self._skills(queue))
        self._session.told(words.Transferred(self.queue))

    def _send_back(self) -> None:
        """The colleague did not come: the caller waits on in the former queue, before those who came later."""
        self._session.note("transfer-failed", {"operator": self._aim})
        self._aim = ""
        self._stop_waiting()
        self._queued_at = time.monotonic()
        self._came = self._queued_at - self.waited
        # The floor is in the midst of telling us, or of taking the call out.
        asyncio.get_running_loop().call_soon(partial(self._enter_queue, again=True))

    async def _complete(self, after: Talk) -> None:
        """Whoever was asked has the call from here on; the operator before wraps up."""
        consult, former = self._consult, self._leg
        if consult is None or consult.leg is None or self._talk is None:
            raise Refused("the other operator has just left")
        known = self._talk.with_other == "three-way"
        leg = self._leg = consult.leg
        leg.connected, self._consult = True, None
        leg.hand_over(self)
        self._end_supervision()
        self._exchange.floor.take(acd.Finished(self._claim))
        self._claim = consult.call
        if former:
            with suppress(AriError):
                await self._exchange.ari.part(self._bridge, [former.channel])
            former.caller_left()
        if not known:
            await self._introduce(leg.operator)
        await self._wire(after)
        self._session.note("connected", {}, leg.operator)
        self._session.told(words.OperatorChanged(leg.operator))
        if leg.over:
            self._leg = None
            self._session.told(words.OperatorLeft(self.disposition))

    async def _operator_left(self, leg: Leg) -> None:
        """The operator's phone was hung up; whoever asked another leaves the call to them."""
        async with self._lock:
            if self._talk is None:
                if not leg.connected:  # just as the two were to be connected
                    self._missed(leg, True, absent=False)
                return
            with suppress(AriError, Refused):
                match talk.operator_left(self._talk):
                    case "complete":
                        await self._complete(talk.complete(self._talk))
                        return
                    case "transfer":
                        await self._transfer(self._talk.other, self._talk.operator)
                        return
        self._session.told(words.OperatorLeft(self.disposition))

    # Whoever is asked

    async def other_ready(self, consult: Consult, leg: Leg) -> None:
        async with self._lock:
            if consult is not self._consult or self._talk is None or leg.over:
                return
            leg.connected = True
            self._talk = talk.answered(self._talk, leg.operator)
            await self._exchange.ari.join(self._bridge, [leg.channel])
            self._session.note("consulted", {"operator": self._talk.operator, "other": leg.operator})

    def other_gone(self, consult: Consult) -> None:
        if consult is self._consult and self._talk:
            self._consult, self._talk = None, talk.alone(self._talk)
            self._session.note("consult-ended", {"operator": self._talk.operator})

    def _let_other_go(self) -> None:
        if consult := self._consult:
            self._consult = None
            consult.end()

    # Supervisors

    def _supervise(self, command: c.Supervise) -> None:
        now, original = self._supervision, command.sound == "original"
        if command.mode == "off":
            if not now:
                raise Refused("nobody listens")
            self._end_supervision()
        elif now and not now.ended.is_set() and (now.phone, now.original) == (command.phone, original):
            now.change(command.mode == "whisper")
        elif now and not now.ended.is_set():
            raise Refused("another supervisor listens already")
        elif self._leg:
            self._supervisions += 1
            self._supervision = Supervision(
                self._exchange, self.call, self._supervisions, command.phone, self._leg.channel,
                original=original, whisper=command.mode == "whisper",
            )  # fmt: skip
            self._exchange.go(self._supervision.run())
        self._session.note("supervised", {"by": command.by, "mode": command.mode, "sound": command.sound})

    def _end_supervision(self) -> None:
        if self._supervision:
            self._supervision.stop()
            self._supervision = None

    # Who is where

    @property
    def _bridge(self) -> str:
        return ids.bridge(self.call, self._part)

    @property
    def _introduction(self) -> str:
        return f"{self.call}-introduction-{self._consults}"

    async def _wire(self, after: Talk) -> None:
        """Move everybody to where this state has them. Raises AriError; what must not be on tape is not, then."""
        ari, tape, caller = self._exchange.ari, self._exchange.tape, self._session.channel
        before, now, wanted = self._talk, self._places, talk.places(after)
        if now.taped and not wanted.taped:
            await tape.pause(caller, True)
        self._talk, self._places = after, wanted
        if wanted.music and not now.music:
            await ari.part(self._bridge, [caller])
            await ari.start_music(caller, self._session.version.book.queues[self.queue].hold_music)
        if now.music and not wanted.music:
            await ari.stop_music(caller)
            await ari.join(self._bridge, [caller])
        if after.recorded and not wanted.music and (now.music or (before and before.operator != after.operator)):
            await self._record(tape.renew(caller, self.call, str(self._part), paused=not wanted.taped))
        elif wanted.taped and not now.taped:
            await self._record(tape.pause(caller, False))
        if wanted.muted != now.muted and self._leg and not self._leg.over:
            await ari.mute(self._leg.channel, wanted.muted)

    async def _introduce(self, code: str) -> None:
        """The caller hears whom they will speak with, in their language, in place of the music."""
        library, caller = self._session.version.library, self._session.channel
        try:
            file = await library.ready(builtin_say("operator-code", self.language, code=code))
        except PromptError as error:
            log.error("%s", error, extra={"call": self.call})
            return
        self._heard.clear()
        await self._exchange.ari.stop_music(caller)
        await self._exchange.ari.play(caller, self._introduction, [media(file)])
        with suppress(TimeoutError):
            async with asyncio.timeout(library.seconds(file) + 3):
                await self._heard.wait()

    # Together and apart

    async def _connect(self, leg: Leg) -> None:
        """Both are ready: from here on they hear each other, and the tape runs."""
        async with self._lock:
            if leg.connected or leg.over or self._session.ended:
                return
            leg.connected, self._wants_connection = True, False
            try:
                await self._join(leg)
            except AriError as error:
                leg.connected = False
                log.info("they could not be connected: %s", error, extra={"call": self.call})
                with suppress(AriError):
                    await self._exchange.ari.destroy_bridge(ids.bridge(self.call, leg.number))
                if not error.status:  # else one of the two has hung up, and Asterisk tells who
                    leg.hang_up()

    async def _join(self, leg: Leg) -> None:
        session, exchange, bridge = self._session, self._exchange, ids.bridge(self.call, leg.number)
        await exchange.ari.make_bridge(bridge)
        await exchange.ari.join(bridge, [session.channel, leg.channel])
        self._aim = ""
        self._talk_since, self._part, self._claim = time.monotonic(), leg.number, self.call
        recorded, paused = self._recording != "off", self._recording == "paused"
        self._talk = Talk(leg.operator, recorded, paused)
        self._places = talk.places(self._talk)
        session.note("connected", {}, leg.operator)
        if recorded:
            begun = exchange.tape.start(
                session.channel, self.call, str(leg.number), wideband=self.wideband, paused=paused
            )
            await self._record(begun)
        await session.save()

    async def _record(self, begun: Coroutine[Any, Any, None]) -> None:
        """A conversation that cannot be recorded still is a conversation."""
        try:
            await begun
        except AriError as error:
            log.error("the conversation is not recorded: %s", error, extra={"call": self.call})
            self._session.note("recording-failed", {"reason": str(error)})

    async def _separate(self) -> None:
        """The conversation, if there was one, is over."""
        if not self._talk_since:
            return
        exchange, seconds = self._exchange, time.monotonic() - self._talk_since
        self._talk_since, part, self._talk = 0.0, self._part, None
        self.talked += seconds
        if self._consult:
            self._consult.end()
            self._consult = None
        self._end_supervision()
        exchange.floor.take(acd.Finished(self._claim))
        if self._claim != self.call:
            exchange.floor.take(acd.Left(self._claim))
        self._session.note("conversation-ended", {"seconds": f"{seconds:.1f}"})
        try:
            if self._recording != "off":
                await exchange.tape.stop(self._session.channel, self.call, str(part))
            if self._places.music:
                await exchange.ari.stop_music(self._session.channel)
            await exchange.ari.destroy_bridge(ids.bridge(self.call, part))
        except AriError as error:
            if not error.gone:
                log.error("%s", error, extra={"call": self.call})
        if self._recording != "off" and exchange.fence.has(self.call):
            exchange.go(exchange.tape.keep(self.call, str(part), seconds))

    def _enter_queue(self, *, again: bool = False) -> None:
        """`again`: who has been in it before has the place that belongs to the time they came."""
        arrived = self._arrival(max(time.monotonic() - self._came, 0.001) if again else 0.0)
        if arrived and not self._session.ended:
            self._exchange.floor.enter(self, arrived)

    def _arrival(self, waited: float) -> acd.Arrived | None:
        """What the floor is told of a caller who waits; None when there is nothing to wait for."""
        if self._aim:
            terms = personal(self._aim)
            return acd.Arrived(self.call, terms.name, (), 9, terms.ring, 0.0, terms, self.language)
        if self.asked is None:
            return None
        asked, terms = self.asked, self._session.version.queues[self.asked.queue]
        return acd.Arrived(
            self.call, asked.queue, asked.skills, asked.priority, asked.max_wait, waited, terms, self.language
        )

    def _let_operator_go(self) -> None:
        if self._leg is not None:
            if self._leg.connected:
                self._leg.caller_left()
            else:  # the operator answered as the caller hung up
                self._exchange.floor.take(acd.Finished(self.call, spoken=False))
                self._leg.withdraw()
