"""Group commit: many small writes of a controller become few transactions.

One thread takes everything that waits, runs it in the order in which it was given, commits once, and tells each. So
fifty calls a second cost a few disk syncs, and what was told "written" is on the disk.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from ivr.store.database import Database, StoreError

log = logging.getLogger(__name__)

T = TypeVar("T")
MOST = 200  # writes in one transaction
TRIES, PAUSE = 5, 0.2


class Writer:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: queue.SimpleQueue[tuple[Callable[[Session], Any], asyncio.Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def run(self, write: Callable[[Session], T]) -> asyncio.Future[T]:
        """`write` is called in the writer's thread, after all given before it; the result when it is on disk.

        It must give the same result when called again: after a failed commit all are tried anew, one by one.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put((write, future))
        return future

    async def close(self) -> None:
        """Write what waits, then end."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        ending = False
        while not ending:
            batch = [self._queue.get()]
            while len(batch) < MOST:
                try:
                    batch.append(self._queue.get_nowait())
                except queue.Empty:
                    break
            ending = None in batch
            work = [item for item in batch if item is not None]
            results = self._commit(work)
            if results is None:  # one of them spoils the rest: each alone
                for item in work:
                    results = self._commit([item], alone=True)
                    self._tell([item], results or [])
            else:
                self._tell(work, results)

    def _commit(
        self, work: list[tuple[Callable[[Session], Any], asyncio.Future[Any]]], *, alone: bool = False
    ) -> list[Any] | None:
        for attempt in range(1, TRIES + 1):
            try:
                with self._database.transaction() as session:
                    return [write(session) for write, _ in work]
            except Exception as error:
                if isinstance(error, StoreError) and "locked" in str(error) and attempt < TRIES:
                    time.sleep(PAUSE * attempt)
                    continue
                return [error] if alone else None
        return None

    def _tell(self, work: list[tuple[Callable[[Session], Any], asyncio.Future[Any]]], results: list[Any]) -> None:
        def tell() -> None:
            for (_, future), result in zip(work, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)

        if work:
            self._loop.call_soon_threadsafe(tell)
