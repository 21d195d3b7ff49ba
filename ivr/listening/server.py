"""Asterisk sends here what an operator says and what they hear, and gets both, from other voices, for the supervisor
who listens. A process of its own: while a voice is changed nothing else of the process runs.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anonymizer.live import Live
from anonymizer.profiles import Changed
from ivr.listening import audiosocket, ears

log = logging.getLogger(__name__)

MOST = 8  # listenings at once
FIRST_WORD = 5.0  # seconds in which a connection must say whose it is
FRAME = round(audiosocket.FRAME * audiosocket.RATE)  # samples
AHEAD = 0.5  # seconds that wait before the first is heard, so that the next is there in time
BEHIND = 2.0  # seconds that may wait to be heard; what is more is let go
Samples = NDArray[np.float32]
SILENCE: Samples = np.zeros(0, np.float32)


@dataclass
class Listening:
    """One supervisor's: what waits to be heard of each direction, mono."""

    waiting: dict[ears.Place, Samples] = field(default_factory=dict)
    flowing: set[ears.Place] = field(default_factory=set)
    connected: int = 0

    def put(self, place: ears.Place, samples: Samples) -> None:
        waiting = np.concatenate([self.waiting.get(place, SILENCE), samples])
        self.waiting[place] = waiting[-round(BEHIND * audiosocket.RATE) :]
        if len(waiting) >= AHEAD * audiosocket.RATE:
            self.flowing.add(place)

    def frame(self) -> bytes:
        """The next of both together."""
        mixed = np.zeros(FRAME, np.float32)
        for place in tuple(self.flowing):
            here, self.waiting[place] = np.split(self.waiting[place], [FRAME])
            mixed[: len(here)] += here
            if len(here) < FRAME:
                self.flowing.remove(place)
        return (mixed.clip(-1, 1) * 32767).astype("<i2").tobytes()


class Server:
    """`profile`: of the voices."""

    def __init__(self, profile: Changed) -> None:
        self._profile = profile
        self._listenings: dict[bytes, Listening] = {}

    async def serve(self, host: str, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._connected, host, port)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Whatever ends it, Asterisk hears of it by the end of the connection, and hangs that channel up."""
        try:
            async with asyncio.timeout(FIRST_WORD):
                kind, content = await audiosocket.receive(reader)
            if kind == audiosocket.UUID:
                await self._take_part(*ears.read(content), reader, writer)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            log.info("a connection has ended: %s", error or type(error).__name__)
        except asyncio.CancelledError:
            log.info("a connection is ended: the program ends")  # of which Python would make a great noise
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _take_part(
        self, id: bytes, place: ears.Place, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if id not in self._listenings and len(self._listenings) >= MOST:
            log.error("%d supervisors listen already; another is refused", MOST)
            return
        listening = self._listenings.setdefault(id, Listening())
        listening.connected += 1
        try:
            if place == "supervisor":
                await self._speak(listening, reader, writer)
            else:
                await self._hear(listening, place, reader)
        finally:
            listening.connected -= 1
            if not listening.connected:
                del self._listenings[id]

    async def _hear(self, listening: Listening, place: ears.Place, reader: asyncio.StreamReader) -> None:
        """Until Asterisk hangs up, or the voice fails: then nothing is better than the voice as it is."""
        loop, failed = asyncio.get_running_loop(), asyncio.Event()

        def out(samples: Samples | None) -> None:
            with suppress(RuntimeError):  # the loop has ended
                if samples is None:
                    loop.call_soon_threadsafe(failed.set)
                else:
                    loop.call_soon_threadsafe(listening.put, place, samples)

        live = Live(self._profile, audiosocket.RATE, out)
        try:
            async for sound in _sounds(reader):
                if failed.is_set():
                    return
                live.give((np.frombuffer(sound, "<i2") / 32768).astype(np.float32))
        finally:
            live.end()

    async def _speak(self, listening: Listening, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A frame each 20 ms; what the supervisor says is nobody's business here."""
        deaf = asyncio.create_task(_pass_over(reader))
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            while not deaf.done():
                writer.write(audiosocket.sound(listening.frame()))
                await writer.drain()
                due = max(due + audiosocket.FRAME, loop.time() - BEHIND)
                await asyncio.sleep(due - loop.time())
        finally:
            deaf.cancel()


async def _sounds(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        kind, content = await audiosocket.receive(reader)
        if kind == audiosocket.HANG_UP:
            return
        if kind == audiosocket.SOUND:
            yield content


async def _pass_over(reader: asyncio.StreamReader) -> None:
    with suppress(OSError, EOFError):
        async for _ in _sounds(reader):
            pass
