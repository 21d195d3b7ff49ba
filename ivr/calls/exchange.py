"""The exchange: claims calls, hands Asterisk's events to whom they concern, and after a loss of connection finds out
what happened meanwhile."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ivr import metrics
from ivr.acd.floor import Floor
from ivr.ari import events, ids
from ivr.ari.client import Ari
from ivr.ari.errors import AriError
from ivr.ari.tape import Tape
from ivr.calls.fence import Fence
from ivr.calls.journal import Journal
from ivr.calls.services import Services
from ivr.prompts.library import Library
from ivr.publishing.versions import Versions
from ivr.store import calls
from ivr.store.writer import Writer

if TYPE_CHECKING:
    from ivr.calls.leg import Leg
    from ivr.calls.session import Session

log = logging.getLogger(__name__)
CITIZENS = "citizens"  # their context of the dialplan
BURIED_AFTER = 5.0  # seconds that whoever has taken a call has to end it
HUNG_UP_WITHIN = 0.3  # seconds from a channel's end in our application to its end altogether


class Party(Protocol):
    """Whoever owns a channel. `gone` means: the channel is no longer there, or no longer ours."""

    def key(self, digit: str) -> None: ...
    def played(self, playback: str, heard: bool) -> None: ...
    def gone(self, cause: int) -> None: ...
    async def look_again(self) -> None: ...


class Exchange:
    """What all calls of one controller share. `welcome` makes the party for a channel that has entered; `library` has
    what the house itself says, each version of the flows has its own. `trunk` is the address (`host:port`) of the trunk
    for calls to the outside, "" for none; `listening` where live voices are changed;
    `rehearsal` a folder with the parts of designers' tests (see there), None except while they run; `place` seconds for
    which who was cut off, when Asterisk ended, keeps the place in the queue; `certain`: see `Fence`.
    """

    def __init__(
        self,
        controller: str,
        ari: Ari,
        versions: Versions,
        library: Library,
        floor: Floor,
        journal: Journal,
        writer: Writer,
        tape: Tape,
        services: Services,
        clock: Callable[[], datetime],
        welcome: Callable[["Exchange", events.StasisStart], Coroutine[Any, Any, None] | None],
        *,
        trunk: str,
        listening: str,
        rehearsal: Path | None = None,
        place: float = 0.0,
        certain: bool = False,
    ) -> None:
        self.controller = controller
        self.ari, self.versions, self.library, self.floor = ari, versions, library, floor
        self.journal, self.writer, self.tape, self.services = journal, writer, tape, services
        self.trunk, self.listening, self.rehearsal = trunk, listening, rehearsal
        self.place = timedelta(seconds=place)
        self.clock = clock  # what flows take for now; durations go by the real one
        self._welcome = welcome
        self._parties: dict[str, Party] = {}
        self.legs: dict[str, Leg] = {}  # by phone: the newest offer to it, until that has ended
        self._tasks: set[asyncio.Task[Any]] = set()
        self.on_up: list[Callable[[], Awaitable[None]]] = []
        self.calls = 0
        self.arriving = 0  # calls that are being claimed, or begun
        self.admits: Callable[[events.Channel], bool] = lambda channel: True  # set by the admission
        self.own: set[str] = set()  # our calls, from before their row is written until their end is
        self.fence = Fence(controller, writer, lambda: self.own, self._taken, certain=certain)
        ari.gate, floor.ours = self.fence.passes, self.fence.has
        self.claims = True  # whether new calls may be ours
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._closed = False
        self._asterisk = ""  # when the one that we know was started

    def add(self, channel: str, party: Party) -> None:
        self._parties[channel] = party

    def remove(self, channel: str) -> None:
        self._parties.pop(channel, None)

    def go(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something in the background; its failure is logged and ends nothing else."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("background work failed: %s", error, exc_info=error)

    async def idle(self) -> None:
        """Until no background work is left."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def on_event(self, event: events.Event) -> None:
        match event:
            case events.CallBroadcast(channel):
                if self.claims and self.admits(channel):
                    self.go(self._claim(channel))
                else:
                    metrics.CLAIMS("left").inc()
            case events.StasisStart(channel):
                if later := self._leaving.pop(channel.id, None):  # moved from us to us
                    later.cancel()
                if channel.id not in self._parties and (work := self._welcome(self, event)):
                    self.go(work)
                elif party := self._parties.get(channel.id):
                    answered = getattr(party, "answered", None)
                    if answered is not None:
                        answered()
            case events.PlaybackFinished(playback):
                party = self._parties.get(playback.target_uri.removeprefix("channel:"))
                if party:
                    party.played(playback.id, playback.state != "failed")
            case events.ChannelDtmfReceived(channel, digit):
                if party := self._parties.get(channel.id):
                    party.key(digit)
            case events.StasisEnd(channel):
                if channel.id in self._parties:  # hung up, and that is told next, or moved by another controller
                    later = asyncio.get_running_loop().call_later(HUNG_UP_WITHIN, self._left, channel.id)
                    self._leaving[channel.id] = later
            case events.ChannelDestroyed(channel, cause):
                if later := self._leaving.pop(channel.id, None):
                    later.cancel()
                if party := self._parties.get(channel.id):
                    party.gone(cause)

    def _left(self, channel: str) -> None:
        self._leaving.pop(channel, None)
        if party := self._parties.get(channel):
            self.go(self._find_out(channel, self._call_of(channel, party)))

    async def _find_out(self, channel: str, call: str) -> None:
        """A channel that has left our application without being hung up: whoever has its call is none of us."""
        await self.fence.ask(call, channel)
        if party := self._parties.get(channel):
            party.gone(16)

    @staticmethod
    def _call_of(channel: str, party: Party) -> str:
        return ids.call_of(getattr(party, "call", channel))

    def _taken(self, call: str) -> None:
        """Another controller has this call: for us it is as if everybody had hung up, and nothing is told of it."""
        self.floor.forget(call)
        self.go(self._bury(call))
        for channel, party in list(self._parties.items()):
            if self._call_of(channel, party) == call:
                party.gone(0)

    async def _bury(self, call: str) -> None:
        """One on another Asterisk has taken it for over, since nothing was heard of ours: so it is, and nothing of it
        stays up here. Whoever goes on with a call has not ended it."""
        await asyncio.sleep(BURIED_AFTER)
        row = await self.writer.run(lambda session: calls.ended(session, call))
        if row is None or call in self.own:
            return
        self.fence.give_back(call, row)
        for channel in await self.ari.channels():
            if channel.id == row or ids.call_of(channel.id) == call:
                await self.ari.hang_up(channel.id, 41)

    async def _claim(self, channel: events.Channel) -> None:
        with self.arrival():
            try:
                won = await self.ari.claim(channel.id)
                metrics.CLAIMS("won" if won else "lost").inc()
            except AriError as error:
                log.error("a call could not be claimed: %s", error, extra={"channel": channel.id})

    @contextmanager
    def arrival(self) -> Iterator[None]:
        """A call is on its way to us, and counts."""
        self.arriving += 1
        try:
            yield
        finally:
            self.arriving -= 1

    async def connected(self) -> None:
        """After each connecting: say what we listen to, then look at what happened while we were away."""
        self.fence.doubt()  # who cannot reach Asterisk loses its calls to others
        await self.ari.listen()
        former, self._asterisk = self._asterisk, await self.ari.started()
        if former not in ("", self._asterisk):
            self.cut_off()
        there = {channel.id for channel in await self.ari.channels()}
        for channel, party in list(self._parties.items()):
            if channel not in there:
                log.warning("a channel is gone since we last heard of it", extra={"channel": channel})
                party.gone(0)
            else:
                await party.look_again()
        for hook in self.on_up:
            await hook()

    def is_older(self, begun: datetime) -> bool:
        """Whether a call that began then did so before this Asterisk: so it was cut off."""
        try:
            return begun < datetime.fromisoformat(self._asterisk)
        except ValueError:  # it has not told yet
            return False

    def cut_off(self) -> None:
        """Asterisk has ended, and with it all calls."""
        for party in list(self._parties.values()):
            end = getattr(party, "cut_off", None)
            if end is not None:
                end()
            else:
                party.gone(0)

    @property
    def waiting(self) -> int:
        """Callers of ours who are in a queue."""
        parties: Iterable[Any] = self._parties.values()
        return sum(one.conversation.waits for one in parties if hasattr(one, "conversation"))

    @property
    def channels(self) -> set[str]:
        """Those that somebody here has."""
        return set(self._parties)

    def session(self, call: str) -> "Session | None":
        """That of a call that is ours."""
        parties: Iterable[Any] = self._parties.values()
        return next((one for one in parties if hasattr(one, "conversation") and one.call == call), None)

    def close(self) -> None:
        """The controller ends: every call is ended and written."""
        self._closed = True
        for party in list(self._parties.values()):
            party.gone(0)

    def lost(self) -> None:
        if not self._closed:
            log.error("the connection to asterisk is lost; %d calls are waiting to hear of it", self.calls)
