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
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.store.database import Database, StoreError

log = logging.getLogger(__name__)
T = TypeVar("T")
Item = tuple[Callable[[Session], Any], asyncio.Future[Any]]
MOST = 200  # writes in one transaction
TRIES, PAUSE = 5, 0.2
PATIENCE = 120.0  # seconds that writes wait for a database that is away


class Writer:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Item] = []
        self._timer: asyncio.TimerHandle | None = None
        self._queue: queue.SimpleQueue[list[Item] | None] = queue.SimpleQueue()
        self._connection: Connection
        self._session: Session | None = None
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def run(self, write: Callable[[Session], T], *, within: float = 0.0) -> asyncio.Future[T]:
        """`write` is called in the writer's thread, after all given before it; the result when it is on disk.

        It may wait `within` seconds for others to share its transaction with; it goes with the first that is in haste.
        It must give the same result when called again: after a failed commit all are tried anew, one by one.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append((write, future))
        when = self._loop.time() + within
        if self._timer is None or when < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(when, self._hand_over)
        return future

    async def close(self) -> None:
        """Write what waits, then end."""
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            self._queue.put(self._waiting)
            self._waiting = []

    def _work(self) -> None:
        Path("/proc/thread-self/comm").write_text("store-writer")  # so `top -H` tells the threads apart
        ending = False
        while not ending:
            batches = [self._queue.get()]
            with suppress(queue.Empty):
                while True:
                    batches.append(self._queue.get_nowait())
            ending = None in batches
            work = [item for batch in batches if batch for item in batch]
            for first in range(0, len(work), MOST):
                self._write(work[first : first + MOST])
        self._part()

    def _write(self, work: list[Item]) -> None:
        try:
            results = self._when_there(work)
        except Exception:  # one of them spoils the rest, or the database stays away: each alone
            self._part()
            for item in work:
                self._tell([item], [self._alone(item[0])])
        else:
            self._tell(work, results)

    def _when_there(self, work: list[Item]) -> list[Any]:
        deadline, told = time.monotonic() + PATIENCE, False
        while True:
            try:
                return self._together(work)
            except Exception as error:
                if not self._database.is_away(error) or time.monotonic() > deadline:
                    raise
                if not told:
                    log.error("the database is away; what is to be written waits: %s", error)
                told = True
                self._part()
                time.sleep(PAUSE)

    def _together(self, work: list[Item]) -> list[Any]:
        # One session over one connection, kept: making them anew is half the cost of a small transaction.
        if self._session is None:
            self._connection = self._database.connect()
            self._session = Session(self._connection, expire_on_commit=False)
        with self._session.begin():
            results = [write(self._session) for write, _ in work]
        self._session.expunge_all()
        return results

    def _alone(self, write: Callable[[Session], Any]) -> Any:
        """What the write gives, or the error."""
        attempt = 1
        while True:
            try:
                with self._database.transaction() as session:
                    return write(session)
            except Exception as error:
                if attempt == TRIES or not (isinstance(error, StoreError) and "locked" in str(error)):
                    return error
            time.sleep(PAUSE * attempt)
            attempt += 1

    def _part(self) -> None:
        """From the session and connection; the next transaction makes new ones."""
        if self._session is not None:
            with suppress(SQLAlchemyError):
                self._session.close()
                self._connection.close()
            self._session = None

    def _tell(self, work: list[Item], results: list[Any]) -> None:
        def tell() -> None:
            for (_, future), result in zip(work, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)

        self._loop.call_soon_threadsafe(tell)
