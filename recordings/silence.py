"""Silence that is written as its time passes.

A recording that is to begin, or to go on, paused is not begun: Asterisk can be told to record nothing only once it
records, and would have the first moment.
"""

import asyncio
import logging
import time
from contextlib import suppress
from pathlib import Path

from recordings import spool

log = logging.getLogger(__name__)
EVERY = 5.0  # seconds; who looks for what nobody writes to any more must not find it


class Silence:
    """Goes on behind what is in the folder, which may not be there yet, until `end`."""

    def __init__(self, folder: Path, rate: int) -> None:
        self.folder, self.rate = folder, rate
        self._over = asyncio.Event()
        self._task = asyncio.create_task(self._write())

    async def end(self) -> None:
        """All of it is written then."""
        self._over.set()
        await self._task

    async def _write(self) -> None:
        since = time.monotonic()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), EVERY)
            now = time.monotonic()
            try:
                await asyncio.to_thread(spool.fall_silent, self.folder, now - since, self.rate)
                since = now
            except OSError as error:  # a full disk, say: what is missing is made good for by the next time
                log.error(
                    "silence could not be written into a recording: %s", error, extra={"recording": self.folder.name}
                )
            if self._over.is_set():
                return
