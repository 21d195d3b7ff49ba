"""A channel of another controller's application comes to ours."""

import asyncio
from collections.abc import Collection

from ivr.ari.client import Ari
from ivr.ari.errors import AriError
from ivr.calls.first import first

WITHIN = 3.0  # seconds; it takes 25 ms
TRIES = 4


async def fetch(
    ari: Ari, channel: str, call: str, there: asyncio.Event, gone: asyncio.Event, playbacks: Collection[str] = ()
) -> bool:
    """Move it, and stop what may be playing: it moves only when that is over. False when it is gone.

    `there`: set when it has entered our application; `gone`: when it has left it.
    """
    for _ in range(TRIES):
        try:
            await ari.move(channel, ("resumed", call))
            for playback in playbacks:
                await ari.stop_playback(playback)
        except AriError as error:
            if error.gone:
                return False
        await first(WITHIN, there, gone)
        if there.is_set() or gone.is_set():
            break
    return there.is_set() and not gone.is_set()
