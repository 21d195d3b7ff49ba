"""Whether a controller can take calls: it has Asterisk, what calls write is written, or kept, and there is room."""

import math
import time
from collections.abc import Callable

from sqlalchemy import text

from ivr.ari.client import Ari
from ivr.store.writer import Writer

STALE = 5.0  # seconds in which the store must answer
WITHIN = 1.0  # seconds that a look waits for a write to go with


class Ready:
    """`admits`: whether more calls are taken, by how much there is to do already."""

    def __init__(self, ari: Ari, writer: Writer) -> None:
        self._ari, self._writer, self._answered_at = ari, writer, -math.inf
        self.admits: Callable[[], bool] = lambda: True

    async def look(self) -> None:
        await self._writer.run(lambda session: session.execute(text("SELECT 1")).scalar_one(), within=WITHIN)
        self._answered_at = time.monotonic()

    def __call__(self) -> dict[str, bool]:
        answers = time.monotonic() - self._answered_at < STALE
        return {"asterisk": self._ari.up, "store": answers or self._writer.keeps, "admission": self.admits()}
