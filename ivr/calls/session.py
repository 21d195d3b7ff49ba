"""One live call of a citizen: feeds the flow machine with what happens, and carries out its actions.

The machine decides, this module acts. What happens arrives in one inbox and is taken one at a time, so a session
needs no lock. At each wait the machine's state is written to the channel, for whoever might have to go on with it.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from ivr import metrics
from ivr.ari import ids
from ivr.ari.errors import AriError
from ivr.calls import kept
from ivr.calls.conversation import Conversation
from ivr.calls.exchange import Exchange
from ivr.calls.fetch import fetch
from ivr.calls.leg import Leg
from ivr.calls.message import Message
from ivr.calls.outside import Outside
from ivr.calls.rehearsal import World
from ivr.flow import machine, words
from ivr.prompts.library import PromptError, media
from ivr.publishing.versions import Version
from ivr.store import outbox, writes
from ivr.store.calls import CUT_OFF

log = logging.getLogger(__name__)

CAUSES = {"normal": 16, "busy": 17, "congestion": 42}
# A playback that Asterisk has not reported finished this long after its end is asked after.
PLAY_GRACE = 3.0
FAILURE_PAUSE = 0.5
FIRST_LOOK, LAST_LOOK = 0.2, 5.0  # seconds from one look for the ticket's number to the next
WRITE_WITHIN = 0.2  # seconds until the end of a call is written; so one transaction writes those of several
# Commands of one call that fail for another reason than a caller who has gone: so many, then the call ends.
MOST_FAILURES = 5
SILENT = 1.0  # seconds for which the caller is held until the end is written
# Seconds until a command without an answer is given again, and for how long: an Asterisk that is slow, or away for a
# moment, costs no call.
AGAIN, PATIENCE = 0.5, 60.0
MOST_EVENTS = 100  # that wait while a step is carried out; keys beyond are dropped


class Session:
    """`version`: of the flows, from the call's first to its last moment. `world`: another than the real one.
    `language`: the one to begin in, when it is known. `wideband`: the call is one of 16 kHz."""

    def __init__(
        self,
        exchange: Exchange,
        call: str,
        channel: str,
        version: Version,
        flow: str,
        facts: words.Facts,
        world: World | None = None,
        language: str = "",
        wideband: bool = False,
    ) -> None:
        self.wideband, self.patience = wideband, PATIENCE
        self.call, self.channel, self.version, self.flow, self.facts = call, channel, version, flow, facts
        self._exchange, self.world = exchange, world or World(exchange.clock, exchange.services)
        self._inbox: asyncio.Queue[words.Event] = asyncio.Queue()
        self.state: words.State
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._playing = self._reported = 0  # what was given to Asterisk last, and what it has told the end of
        self.conversation = Conversation(exchange, self)
        self._secrets: list[Path] = []  # of what is being played
        self._message: Message | None = None
        self._outside: Outside | None = None
        self._begin_in = language
        self._callback = ""  # the queue for which the citizen was called back
        self._messages: list[str] = []
        self._elsewhere = False  # it was another controller's, who left `_former` on the channel
        self._former: kept.Kept | None = None
        self._rest: Collection[str] = ()
        self._there, self._gone = asyncio.Event(), asyncio.Event()
        self._sounding = False  # something is being played to the caller
        self._cut_off = False
        self.ended = False  # the caller has hung up, or cannot be reached any more
        self._cause: int | None = None  # of our hanging up
        self._failures = 0

    @property
    def language(self) -> str:
        return self.state.language

    @property
    def talked(self) -> float:
        """Seconds with operators."""
        return self.conversation.talked

    @property
    def left_first(self) -> bool:
        """The caller has hung up, and not we."""
        return self.ended and self._cause is None

    def bring(self, leg: Leg | None, queue: str) -> None:
        """The citizen was called back. An operator has accepted already: the first queue that the flow comes to need
        not look for one."""
        self._callback = queue
        if leg:
            self.conversation.bring(leg)

    def go_on(self, former: kept.Kept | None, channels: Collection[str]) -> None:
        """Another controller had it, and left this on its channel; `run` goes on from there. `channels`: the others
        that belong to the call."""
        self._elsewhere, self._rest = True, channels
        if former:
            self._former, self.state = former, former.state
            self._messages, self._callback = former.messages, former.callback
        else:  # it had not come to its first wait
            self.state, _ = machine.begin(self.version.book, self.flow, self.facts, self.world.clock())

    # What Asterisk tells

    def answered(self) -> None:
        """Its channel, which was another controller's, has come to us."""
        self._there.set()

    def key(self, digit: str) -> None:
        if self._inbox.qsize() < MOST_EVENTS:
            self._inbox.put_nowait(words.Key(digit))

    def told(self, event: words.Event) -> None:
        """What somebody who works for this call has to say."""
        self._inbox.put_nowait(event)

    def played(self, playback: str, heard: bool) -> None:
        if self._message and playback == self._message.beep:
            self._message.beeped()
        self.conversation.played(playback)
        if playback != ids.playback(self.call, self._playing):
            return
        self._forget_secrets()
        self._reported = self._playing
        self._sounding = False
        if heard:
            self._inbox.put_nowait(words.Played(self._playing))
        else:
            # A caller who hangs up makes the playback fail first, and then is reported gone: wait for that.
            failed = words.PlayFailed(self._playing, "asterisk could not play it")
            asyncio.get_running_loop().call_later(FAILURE_PAUSE, self._inbox.put_nowait, failed)

    def gone(self, cause: int) -> None:
        self._gone.set()
        if not self.ended:
            self.ended = True
            self._inbox.put_nowait(words.HungUp())

    def cut_off(self) -> None:
        """Asterisk has ended: who calls again has their place (see `redial`)."""
        if not self.ended:
            self.note(CUT_OFF, {})
            self._cut_off = True
        self.gone(0)

    async def look_again(self) -> None:
        """A playback may have ended while nobody listened; a doubled report does no harm."""
        if self._playing and not await self._exchange.ari.playback_exists(ids.playback(self.call, self._playing)):
            self._sounding = False
            self._inbox.put_nowait(words.Played(self._playing))

    # The call's life

    async def run(self) -> None:
        exchange = self._exchange
        exchange.add(self.channel, self)
        exchange.calls += 1
        if not self._elsewhere:
            metrics.CALLS_BEGUN.inc()
        try:
            if self._elsewhere:
                await self._come_over()
            else:
                await self._begin()
            while not self.state.done:
                event = await self._inbox.get()
                await exchange.fence.known(self.call)
                await self._take(event)
        except Exception:
            log.exception("a call failed and ends here", extra={"call": self.call})
            await self._step(words.Failed("internal error"))
        finally:
            await self._end()
            exchange.calls -= 1
            exchange.remove(self.channel)
            exchange.own.discard(self.call)

    async def _begin(self) -> None:
        self.state, actions = machine.begin(
            self.version.book, self.flow, self.facts, self.world.clock(), self._begin_in
        )
        await self._answer()
        await self._carry_out(actions)

    async def _come_over(self) -> None:
        """Go on where another controller stopped: in the same step, with what was being said from its beginning."""
        exchange, former = self._exchange, self._former
        playing = {former.state.step, former.state.wait.get("id", 0)} if former else ()
        sounds = [ids.playback(self.call, number) for number in playing]
        there = await fetch(exchange.ari, self.channel, self.call, self._there, self._gone, sounds)
        self.note("continued", {"controller": exchange.controller})
        for channel in set(self._rest) - self._still_used():
            await exchange.ari.hang_up(channel)
        if former and not self.conversation.go_on(former.conversation):
            self.state, _ = machine.step(
                self.version.book, self.state, self.facts, words.OperatorLost(), self.world.clock()
            )
        if not there:
            self.gone(0)  # hung up meanwhile
        elif former is None:
            await self._begin()
        else:
            self.state, actions = machine.resume(self.version.book, self.state, self.facts, self.world.clock())
            await self._carry_out(actions)

    def _still_used(self) -> set[str]:
        """The channels of those who speak. Who only rang, was asked or listened is let go."""
        used = {self.channel}
        if self._former and self._former.conversation.talk:
            used.add(self._former.conversation.leg)
        if self._former and self.state.wait.get("answered"):
            used.add(ids.outside_channel(self.call, self.state.wait["id"]))
        return used

    async def _answer(self) -> None:
        try:
            await self._insist(lambda: self._exchange.ari.answer(self.channel))
        except AriError as error:
            if not (error.gone or self.ended):
                raise
            self.gone(0)  # hung up before we could answer

    async def _take(self, event: words.Event) -> None:
        if isinstance(event, words.Played | words.PlayFailed):
            self._cancel("_watch")
        await self.conversation.before(event)
        await self._step(event)

    async def _step(self, event: words.Event) -> None:
        before = self.state
        now = self.world.clock()
        metrics.STEPS.inc()
        self.state, actions = machine.step(self.version.book, self.state, self.facts, event, now)
        await self._carry_out(actions, save=self.state != before)

    async def save(self) -> None:
        """Leave word on the channel of where the call stands. While something is played to the caller Asterisk would
        not take it, and no other command either: what is new then is left with the next step."""
        if self._sounding or self.ended:
            return
        saved = kept.Kept(
            self.call,
            self.version.number,
            self.flow,
            self.facts,
            self.state,
            self.conversation.to_keep(),
            self.wideband,
            self._messages,
            self._callback,
            self._exchange.journal.last(self.call),
        )
        try:
            await self._exchange.ari.set_variable(self.channel, kept.VARIABLE, kept.encode(saved).decode())
        except AriError as error:
            if not error.gone:
                log.error("the call's state could not be saved: %s", error, extra={"call": self.call})

    async def _carry_out(self, actions: list[words.Action], *, save: bool = True) -> None:
        """The state goes to the channel before anything is played: Asterisk sets no variable during a playback, and
        while it waits for the end of one it takes no other command from us."""
        for action in actions:
            try:
                if save and isinstance(action, words.Play):
                    save = False
                    await self.save()
                await self._do(action)
            except AriError as error:
                if error.gone:  # the caller has hung up; the event that says so is on its way
                    continue
                self._failures += 1
                log.error("%s", error, extra={"call": self.call})
                if self._failures >= MOST_FAILURES:
                    self.gone(0)
                elif isinstance(action, words.Play):
                    self._inbox.put_nowait(words.PlayFailed(action.id, "asterisk did not answer"))
        if save and not self.state.done:
            await self.save()

    async def _do(self, action: words.Action) -> None:
        ari = self._exchange.ari
        match action:
            case words.Play(say, number):
                await self._play(say, number)
            case words.StopPlay():
                self._sounding = False
                await self._insist(lambda: ari.stop_playback(ids.playback(self.call, self._playing)))
            case words.Timer():
                self._cancel("_timer")
                loop, seconds = asyncio.get_running_loop(), self.world.seconds(action, self.state)
                self._timer = loop.call_later(seconds, self._inbox.put_nowait, words.Elapsed(action.id))
            case words.Music(True, name):
                await self._insist(lambda: ari.start_music(self.channel, name))
            case words.Music(False):
                await self._insist(lambda: ari.stop_music(self.channel))
            case words.Enqueue():
                self.conversation.wanted(self.world.enqueued(action))
            case words.LeaveQueue():
                self.conversation.unwanted()
            case words.Connect(recording):
                await self.conversation.connect(recording)
            case words.Http():
                self._exchange.go(self._ask(action))
            case words.Callback(queue, number, language):
                await self._call_back(queue, number, language)
            case words.Record():
                self._message = Message(self._exchange, self, action)
                self._messages.append(f"{self.call}-m{action.id}")
                self._exchange.go(self._message.run())
            case words.StopRecording() if self._message:
                self._message.stop()
            case words.Transfer():
                self._outside = Outside(self._exchange, self, action)
                self._exchange.go(self._outside.run())
            case words.StopTransfer() if self._outside:
                self._outside.stop()
            case words.AskTicket():
                self._exchange.go(self._ask_ticket())
            case words.Hangup(cause):
                self.note("hangup", {"cause": cause})
                self._cause = CAUSES[cause]
            case words.Note(kind, node, detail):
                self.note(kind, dict(detail), node)

    async def _play(self, say: tuple[words.Say, ...], number: int) -> None:
        self._playing = number
        library = self.version.library
        try:
            files = [await library.ready(one) for one in say]
        except PromptError as error:
            log.error("%s", error, extra={"call": self.call})
            self._inbox.put_nowait(words.PlayFailed(number, str(error)))
            return
        self._forget_secrets()
        self._secrets = [file for file, one in zip(files, say, strict=True) if one.secret]
        ari, playback, sounds = self._exchange.ari, ids.playback(self.call, number), [media(file) for file in files]

        self._sounding = True

        async def again() -> None:
            """Given twice it would be heard twice."""
            if self._reported != number and not await ari.playback_exists(playback):
                await ari.play(self.channel, playback, sounds)

        await self._insist(lambda: ari.play(self.channel, playback, sounds), again)
        length = sum(library.seconds(file) for file in files)
        self._cancel("_watch")
        self._watch = asyncio.get_running_loop().call_later(length + PLAY_GRACE, self._check_playback)

    async def _insist(
        self, work: Callable[[], Awaitable[object]], again: Callable[[], Awaitable[object]] | None = None
    ) -> None:
        """A command that does no harm when it is carried out twice, or `again` in its stead, until Asterisk answers or
        the caller has gone. Raises AriError."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                await work()
                return
            except AriError as error:
                if error.status or self.ended or time.monotonic() > deadline:
                    raise
                log.warning("asterisk is asked again: %s", error, extra={"call": self.call})
            await asyncio.sleep(AGAIN)
            work = again or work

    def _forget_secrets(self) -> None:
        """What was a secret does not stay as sound."""
        for file in self._secrets:
            self.version.library.forget(file)
        self._secrets = []

    async def _ask(self, asked: words.Http) -> None:
        self.told(await self.world.ask(asked))

    async def _ask_ticket(self) -> None:
        """The call goes on meanwhile; a number that comes too late is told to nobody."""
        said, language, now = self._ticket(), self.state.language, datetime.now(UTC)
        await self._exchange.writer.run(writes.AskTicket(self.call, said, language, now))
        if number := await self.world.ticket_number(self._ticket_made):
            self.told(words.TicketMade(number))

    async def _ticket_made(self) -> str:
        pause, number = FIRST_LOOK, ""
        while not number and not self.ended and not self.state.done:
            await asyncio.sleep(pause)
            number = await self._exchange.writer.run(lambda s: outbox.reference(s, self.call), within=WRITE_WITHIN)
            pause = min(pause * 1.5, LAST_LOOK)
        return number

    async def _call_back(self, queue: str, number: str, language: str) -> None:
        """Who comes from that queue keeps the place and what was asked for there."""
        now, asked = datetime.now(UTC), self.conversation.asked
        mine = asked if asked and asked.queue == queue else words.Enqueue(queue, (language,), 0, None)
        waited = self.conversation.waited if mine is asked else 0.0
        wish = writes.AddCallback(
            self.call, queue, number, language, now, skills=mine.skills, priority=mine.priority, waited=waited
        )
        new = await self._exchange.writer.run(wish)
        if not new:
            self.note("callback-known", {"queue": queue})

    def _check_playback(self) -> None:
        log.warning("a prompt's end was not reported", extra={"call": self.call})
        self._exchange.go(self.look_again())

    async def _end(self) -> None:
        """Whatever happened, nothing of the call stays up, and its end is written, with its ticket, at once: before we
        hang up, so that whoever goes on when we die in between finds what is to be written on the channel."""
        exchange, state = self._exchange, self.state
        self._cancel("_timer")
        self._cancel("_watch")
        self._forget_secrets()
        await self.conversation.end()
        for other in (self._message, self._outside):
            if other:
                other.stop()
        if self._cut_off and state.outcome == "abandoned":
            state.outcome = "failed"  # it was not the caller
        now = datetime.now(UTC)
        due = now
        if state.operator and not self.conversation.disposition:
            # The operator may still give the disposition: the ticket waits for it as long as the wrap-up lasts.
            due += timedelta(seconds=self.conversation.wrap_up)
        last = exchange.journal.entry(self.call, "ended", detail={"outcome": state.outcome})
        exchange.journal.flush()
        exchange.journal.close(self.call, operator=bool(state.operator))
        ending = writes.Ending(
            ended_at=now,
            outcome=state.outcome,
            language=state.language,
            flow=self.flow,
            version=self.version.number,
            queue=state.queue,
            operator=state.operator,
            disposition=self.conversation.disposition,
            waited=round(self.conversation.waited, 3),
            talked=round(self.conversation.talked, 3),
            ticket=self._ticket(),
            survey=state.survey,
            ticket_due_at=due,
        )
        served = self.facts.caller if state.outcome == "served" and not self._callback else ""
        if not exchange.fence.has(self.call):
            return
        written = exchange.writer.run(
            writes.FinishCall(self.call, ending, served, exchange.controller, last), within=WRITE_WITHIN
        )
        await asyncio.wait({written}, timeout=SILENT)
        if written.done() and not written.exception() and not written.result():
            exchange.fence.take(self.call, self.channel)  # another has the call, and we did not know it yet
            return
        cause = CAUSES["normal"] if self._cause is None else self._cause
        try:
            await self._insist(lambda: exchange.ari.hang_up(self.channel, cause))
        except AriError as error:
            log.error("the caller's channel may still be up: %s", error, extra={"call": self.call})
        await written
        metrics.CALLS_ENDED(state.outcome).inc()
        log.info("call ended", extra={"call": self.call, "outcome": state.outcome})

    def _ticket(self) -> dict[str, Any]:
        """What the call says about its ticket: what the flow said, and where a message is to be heard."""
        said: dict[str, Any] = msgspec.to_builtins(self.state.ticket) if self.state.ticket else {}
        fields = dict(said.get("fields", {}))
        if self._messages and self.state.outcome == "voicemail":
            fields["message"] = ", ".join(f"/recordings/{message}/audio" for message in self._messages)
        return said | {"fields": fields} if fields else said

    def note(self, kind: str, detail: dict[str, Any], node: str = "") -> None:
        if self._exchange.fence.has(self.call):
            self._exchange.journal.note(self.call, kind, node, detail)

    def _cancel(self, timer: str) -> None:
        handle: asyncio.TimerHandle | None = getattr(self, timer)
        if handle is not None:
            handle.cancel()
            setattr(self, timer, None)
