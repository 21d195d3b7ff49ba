"""A phone that we ring, and to which we ourselves say nothing: a number outside, a supervisor's."""

import asyncio

from ivr.calls.first import first

GRACE = 5.0  # seconds; Asterisk ends the ringing, and this is for when its word is late


class Rung:
    """A party (see `exchange.Party`). `cause`: why it is gone, as Q.850 numbers it."""

    def __init__(self, channel: str) -> None:
        self.channel, self.cause = channel, 0
        self.there, self.ended = asyncio.Event(), asyncio.Event()

    # What Asterisk tells

    def answered(self) -> None:
        self.there.set()

    def key(self, digit: str) -> None:
        """Keys from there mean nothing to us."""

    def played(self, playback: str, heard: bool) -> None:
        """Nothing is played to it."""

    def gone(self, cause: int) -> None:
        # A hang-up is told twice, by the end of the application and by that of the channel; the first counts.
        self.cause = self.cause or cause
        self.ended.set()

    async def look_again(self) -> None:
        """A channel that is gone is reported by the exchange."""

    def stop(self) -> None:
        self.ended.set()

    async def reached(self, ring: float) -> bool:
        """Whether somebody answered, within the seconds that Asterisk was given for it and a little more."""
        await first(ring + GRACE, self.there, self.ended)
        return self.there.is_set() and not self.ended.is_set()
