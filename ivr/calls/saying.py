"""What an operator's phone is told: built-in sentences, in the first of the operator's languages."""

import asyncio
import logging
from collections.abc import Mapping

from ivr.calls.exchange import Exchange
from ivr.flow.builtin import builtin_say
from ivr.prompts.library import PromptError, media

log = logging.getLogger(__name__)


class Saying:
    """One sentence at a time on one channel. `heard` is set when the last one is over, or cannot be said."""

    def __init__(self, exchange: Exchange, channel: str, operator: str, about: Mapping[str, str]) -> None:
        """`about`: what the log says of a sentence that cannot be made."""
        self._exchange, self._channel, self._operator, self._about = exchange, channel, operator, about
        self._number = 0
        self.heard = asyncio.Event()

    @property
    def _playback(self) -> str:
        return f"{self._channel}-play-{self._number}"

    def played(self, playback: str) -> None:
        """Asterisk tells that a playback has ended; one before the last is nobody's concern any more."""
        if playback == self._playback:
            self.heard.set()

    async def look_again(self) -> None:
        """After a lost connection: did it end meanwhile?"""
        if self._number and not await self._exchange.ari.playback_exists(self._playback):
            self.heard.set()

    async def begin(self, prompt: str, /, **values: str) -> None:
        """Raises AriError."""
        self._number += 1
        self.heard.clear()
        operator = self._exchange.floor.operator(self._operator)
        language = operator.languages[0] if operator and operator.languages else "it"
        try:
            file = await self._exchange.library.ready(builtin_say(prompt, language, **values))
        except PromptError as error:
            log.error("%s", error, extra=self._about)
            self.heard.set()
            return
        await self._exchange.ari.play(self._channel, self._playback, [media(file)])

    async def stop(self) -> None:
        await self._exchange.ari.stop_playback(self._playback)
