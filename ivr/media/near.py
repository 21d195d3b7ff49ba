"""The end where Asterisk is: its sounds and its recordings, for controllers on other machines."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from ivr.ari.tape import Tape
from ivr.link.messages import Refused
from ivr.link.server import Server
from ivr.media import messages as m
from ivr.prompts.library import Library, PromptError

log = logging.getLogger(__name__)


class Near:
    """`flows` gives the folder of a version's files, fetched if need be; called in a thread."""

    def __init__(self, library: Library, tape: Tape, flows: Callable[[int], Path]) -> None:
        self._library, self._tape, self._flows = library, tape, flows
        self._keeping: set[asyncio.Task[None]] = set()

    def answer(self, server: Server) -> None:
        tape = self._tape
        server.on(m.MakeSound, self._make)
        server.on(m.MakeBeep, self._beep)
        server.on(m.ForgetSound, lambda asked: self._library.forget(Path(asked.path)))
        server.on(
            m.BeginTape,
            lambda a: _told(tape.start(a.channel, a.call, a.part, wideband=a.wideband, paused=a.paused)),
        )
        server.on(m.RenewTape, lambda a: _told(tape.renew(a.channel, a.call, a.part, paused=a.paused)))
        server.on(m.PauseTape, lambda a: _told(tape.pause(a.channel, a.on)))
        server.on(m.EndTape, lambda a: _told(tape.stop(a.channel, a.call, a.part)))
        server.on(m.KeepTape, self._keep)

    async def _make(self, asked: m.MakeSound) -> m.Made:
        library = self._library
        try:
            if asked.recording:
                folder = (await asyncio.to_thread(self._flows, asked.version)).resolve()
                if not (folder / asked.recording).resolve().is_relative_to(folder):
                    raise Refused(f"{asked.recording}: no recording of the flows")
                library = library.of(folder)
            path = await library.ready(asked)
            return m.Made(str(path), library.seconds(path), library.stays(path))
        except PromptError as error:
            raise Refused(str(error)) from error

    async def _beep(self, _: m.MakeBeep) -> m.Made:
        path = await self._library.beep()
        return m.Made(str(path), self._library.seconds(path), stays=True)

    def _keep(self, asked: m.KeepTape) -> None:
        """Who asks does not wait: it may take minutes, and what is not finished here the sweep takes up."""
        task = asyncio.create_task(self._tape.keep(asked.call, asked.part, asked.seconds))
        self._keeping.add(task)
        task.add_done_callback(self._kept)

    def _kept(self, task: "asyncio.Task[None]") -> None:
        self._keeping.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a recording could not be taken in; the sweep tries again", exc_info=error)


async def _told(work: Awaitable[None]) -> None:
    """Why Asterisk does not record, to whoever asked."""
    try:
        await work
    except Exception as error:
        raise Refused(str(error)) from error
