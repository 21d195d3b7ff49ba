"""Wakes the reviewers' pages when an anonymised copy that they wait for is there, or was given up. One look into the
store for all of them, while any page waits."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from ivr.store.database import Database
from recordings import review

log = logging.getLogger(__name__)
LOOK = 2.0  # seconds between two looks: a copy takes minutes
MOST = 50  # recordings that a page waits for


class Copies:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._pages: dict[asyncio.Event, set[str]] = {}  # what each still waits for
        self._looking: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def of(self, ids: Collection[str]) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever some of these recordings wait no more; at first it is set."""
        event = asyncio.Event()
        event.set()
        self._pages[event] = set(ids)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield event
        finally:
            del self._pages[event]

    async def _look(self) -> None:
        while self._pages:
            asked = set[str]().union(*self._pages.values())
            try:
                waiting = await asyncio.to_thread(self._read, asked)
            except Exception:  # the store is away: the pages show what they know
                log.exception("whether anonymised copies are there could not be looked up")
            else:
                for event, ids in self._pages.items():
                    if settled := ids & asked - waiting:
                        ids -= settled
                        event.set()
            await asyncio.sleep(LOOK)
        self._looking = None

    def _read(self, ids: set[str]) -> set[str]:
        with self._database.read() as session:
            return review.waiting(session, ids)
