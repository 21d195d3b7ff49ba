"""Who takes the calls of a controller that is gone: pure.

Each survivor comes to the same answer by itself, from the names alone; the store then lets one have each call
(`calls.take`), so two that see the others differently do no harm.
"""

from collections.abc import Collection
from dataclasses import dataclass
from zlib import crc32

SILENCE = 0.8  # seconds without an answer after which a controller is taken for gone
HANGS = 5.0  # seconds of it after which one is ended, while there is no store that would keep it from its calls
FIRST = 3.0  # the same, of one that has not answered us yet: whoever begins is slow itself
ASLEEP = 0.2  # seconds between two looks of ours that are too many to judge others by


def heir(call: str, survivors: Collection[str]) -> str:
    """Which survivor takes this call. Evenly, and the same one whatever else is taken."""
    names = sorted(survivors)
    return names[crc32(call.encode()) % len(names)]


@dataclass
class Seen:
    """What is known of another controller. `heard`: when it answered last (monotonic), if it has `answered`, else when
    it was asked first. `refused`: nobody is at its
    address. `deaf`: since when it has had no line to Asterisk; None while it has one."""

    heard: float
    answered: bool = False
    refused: bool = False
    deaf: float | None = None

    def gone(self, now: float, *, hears_asterisk: bool) -> str:
        """Why its calls are to be taken, in words for people; "": they are not. `hears_asterisk`: whether we do."""
        if not hears_asterisk:
            return ""  # whose calls we could not do anything about
        if self.refused:
            return "it has ended"
        if now - self.heard > (SILENCE if self.answered else FIRST):
            return "it does not answer"
        if self.deaf is not None and now - self.deaf > SILENCE:
            return "it has lost Asterisk"
        return ""
