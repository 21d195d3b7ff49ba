"""A message that a caller leaves (`voicemail`): a beep, then the caller alone on tape, until a key, the time's end, or
the caller hangs up. It goes the way of every recording: spool, ingest, catalogue."""

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from ivr.ari.errors import AriError
from ivr.calls.exchange import Exchange
from ivr.calls.first import first
from ivr.flow import words
from ivr.prompts.library import PromptError, media

if TYPE_CHECKING:
    from ivr.calls.session import Session

log = logging.getLogger(__name__)
BEEP_WITHIN = 2.0  # seconds; a beep whose end is not reported stops no message


class Message:
    def __init__(self, exchange: Exchange, session: "Session", asked: words.Record) -> None:
        self._exchange, self._session, self._asked = exchange, session, asked
        self.beep = f"{session.call}-beep-{asked.id}"
        self._beeped, self._stop = asyncio.Event(), asyncio.Event()

    def beeped(self) -> None:
        self._beeped.set()

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        """Tells the session `Recorded` in the end, whatever happened."""
        exchange, session = self._exchange, self._session
        part, seconds = f"m{self._asked.id}", 0.0
        already = self._asked.already
        try:
            if not already:
                await self._beep()
                await exchange.tape.start(session.channel, session.call, part, wideband=session.wideband)
            begun = time.monotonic() - already
            await first(max(0.0, self._asked.max - already), self._stop)
            seconds = time.monotonic() - begun
            await exchange.tape.stop(session.channel, session.call, part)
        except AriError as error:
            if not error.gone:
                log.error("a message is not recorded: %s", error, extra={"call": session.call})
        session.told(words.Recorded(self._asked.id, seconds))
        if seconds:
            # When the beep was over only who began it knows: a message that was taken over may be shorter by that.
            await exchange.tape.keep(session.call, part, max(0.0, seconds - BEEP_WITHIN) if already else seconds)

    async def _beep(self) -> None:
        """A message without its beep is better than none."""
        exchange, session = self._exchange, self._session
        try:
            file = await exchange.library.beep()
        except PromptError as error:
            log.error("%s", error, extra={"call": session.call})
            return
        await exchange.ari.play(session.channel, self.beep, [media(file)])
        await first(BEEP_WITHIN, self._beeped, self._stop)
