"""Group commit: many small writes of a controller become few transactions.

One thread takes everything that waits, runs it in the order in which it was given, commits once, and tells each. So
fifty calls a second cost a few disk syncs, and what was told "written" is on the disk: in the database or, while that
is away, in the backlog.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.store.backlog import Backlog
from ivr.store.database import Database, StoreError
from ivr.store.writes import Kept, Write

log = logging.getLogger(__name__)
T = TypeVar("T")
MOST = 200  # writes in one transaction
TRIES, PAUSE = 5, 0.2
SHORTLY = 0.05  # seconds in which a database that is there says so
PATIENCE = 120.0  # seconds that what cannot be kept waits for a database that is away
SETTLES = 10.0  # seconds within which what others on this machine have kept is written, or they cannot


@dataclass(eq=False)
class Item:
    """`kept`: what to keep while the database is away, and what to tell then. `until`: when it has waited too long."""

    write: Callable[[Session], Any]
    future: asyncio.Future[Any]
    kept: tuple[Kept, Any] | None
    until: float = 0.0


class Writer:
    """Without a backlog everything waits for a database that is away."""

    def __init__(self, database: Database, backlog: Backlog | None = None) -> None:
        self._database, self._backlog = database, backlog
        self._waiting: list[Item] = []
        self._timer: asyncio.TimerHandle | None = None
        self._queue: queue.SimpleQueue[list[Item] | None] = queue.SimpleQueue()
        self._held: list[Item] = []  # for a database that is away
        self._behind = backlog is not None  # something waits for it, or may
        self._away, self._back_at = False, time.monotonic()
        self._was_away = False
        self._asking = ThreadPoolExecutor(1, "store-asking")
        self._question: Future[None] | None = None
        self._connection: Connection
        self._session: Session | None = None
        self.waiting = 0  # writes that were given and not told yet
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def run(
        self, write: Callable[[Session], T], *, within: float = 0.0, kept: tuple[Kept, T] | None = None
    ) -> asyncio.Future[T]:
        """`write` is called in the writer's thread, after all given before it; the result when it is on disk.

        It may wait `within` seconds for others to share its transaction with; it goes with the first that is in haste.
        It must give the same result when called again: after a failed commit all are tried anew, one by one. `kept`:
        what is kept in its place while the database is away, and the result until then; a `Write` is kept by itself.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        if kept is None and isinstance(write, Write):
            kept = write, write.answer  # type: ignore[assignment]
        self._waiting.append(Item(write, future, kept))
        self.waiting += 1
        when = self._loop.time() + within
        if self._timer is None or when < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(when, self._hand_over)
        return future

    @property
    def keeps(self) -> bool:
        """The database is away, and what calls write is kept until it is back. False, too, when no more can be kept."""
        return self._away and self._backlog is not None and not any(item.kept for item in self._held)

    @property
    def away(self) -> bool:
        """The last that was asked of the database found it away."""
        return self._away

    @property
    def back_for(self) -> float:
        """Seconds since a database that was away is there again; infinite when it never was."""
        return time.monotonic() - self._back_at if self._was_away else float("inf")

    @property
    def settled(self) -> bool:
        """The database is there, and so is all that controllers on this machine have kept while it was away."""
        if self._away:
            return False
        return self._backlog is None or self._backlog.settled or time.monotonic() - self._back_at > SETTLES

    def left_by(self, name: str) -> Backlog | None:
        """What a controller that is dead has kept; see `Backlog.left_by`."""
        return self._backlog.left_by(name) if self._backlog else None

    def end(self, name: str, process: int) -> bool:
        """Kill a controller of this machine that hangs; see `Backlog.end`. Only while the database is away: else that
        keeps it from calls which others have taken."""
        return self._away and self._backlog is not None and self._backlog.end(name, process)

    def take_up(self) -> None:
        """Soon write what controllers that have ended have kept."""
        self._behind = self._backlog is not None
        self._queue.put([])

    async def close(self) -> None:
        """Write what waits, then end. What a database that is away has not taken and cannot be kept is refused."""
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
            work, ending = self._take()
            if self._behind and not (self._answers(ending) and self._caught_up()):
                self._give_up(time.monotonic())
                self._hold(work)
                continue
            for first in range(0, len(work), MOST):
                self._write(work[first : first + MOST])
        for item in self._held:
            self._tell([item], [StoreError(f"{self._database.name}: was away until the end")])
        self._part()
        self._asking.shutdown()
        if self._backlog:
            self._backlog.close()

    def _take(self) -> tuple[list[Item], bool]:
        """All that was handed over, and whether it is the last."""
        batches: list[list[Item] | None] = []
        with suppress(queue.Empty):
            batches.append(self._queue.get(timeout=PAUSE if self._behind else None))
            while True:
                batches.append(self._queue.get_nowait())
        return [item for batch in batches if batch for item in batch], None in batches

    def _write(self, work: list[Item]) -> None:
        try:
            results = self._together([item.write for item in work])
        except Exception as error:
            self._part()
            if self._database.is_away(error):
                self._hold(work, error)
                return
            for item in work:  # one of them spoils the rest
                result = self._alone(item.write)
                if isinstance(result, Exception) and self._database.is_away(result):
                    self._hold([item], result)
                else:
                    self._tell([item], [result])
        else:
            self._is_there()
            self._tell(work, results)

    def _answers(self, last: bool) -> bool:
        """Whether a database that was away is back. It is asked in another thread: one that hangs is long silent, and
        meanwhile what is to be written must be kept. `last`: we end, and so wait for what it says."""
        if not self._away:
            return True
        self._question = self._question or self._asking.submit(self._ask)
        wait([self._question], None if last else SHORTLY)
        if not self._question.done():
            return False
        answered, self._question = self._question.exception() is None, None
        return answered

    def _ask(self) -> None:
        with self._database.read() as session:
            session.execute(text("SELECT 1"))

    def _caught_up(self) -> bool:
        """Whether all that was kept, and all that waits, is written now."""
        try:
            if self._backlog:
                self._backlog.write(self._database)
                self._backlog.take_up(self._database)
        except Exception as error:
            if not self._database.is_away(error):
                log.exception("the backlog could not be written")
            self._note_away(error)
            return False
        self._is_there()
        held, self._held, self._behind = self._held, [], False
        held = [item for item in held if not item.future.cancelled()]  # nobody wants it any more
        for first in range(0, len(held), MOST):
            self._write(held[first : first + MOST])
        return not self._behind

    def _hold(self, work: list[Item], error: Exception | None = None) -> None:
        """What can be kept is; the rest waits."""
        if error:
            self._note_away(error)
        self._behind = True
        kept = {item: item.kept for item in work if item.kept and not item.until}
        if not self._backlog or any(item.kept for item in self._held):
            kept = {}  # it is full, and what comes later must not be written before
        elif kept:
            try:
                self._backlog.keep([write for write, _ in kept.values()])
                self._tell(list(kept), [answer for _, answer in kept.values()])
            except (OSError, StoreError) as full:
                log.error("what is to be written cannot be kept, and waits: %s", full)
                kept = {}
        for item in work:
            if item not in kept:
                item.until = item.until or time.monotonic() + PATIENCE
                self._held.append(item)

    def _note_away(self, error: Exception) -> None:
        if not self._away:
            log.error("the database is away; what is to be written is kept, or waits: %s", error)
        self._away = True

    def _is_there(self) -> None:
        if self._away:
            self._away, self._was_away, self._back_at = False, True, time.monotonic()

    def _give_up(self, now: float) -> None:
        over = [item for item in self._held if item.until < now]
        self._held = [item for item in self._held if item.until >= now]
        self._tell(over, [StoreError(f"{self._database.name}: is away for too long")] * len(over))

    def _together(self, writes: list[Callable[[Session], Any]]) -> list[Any]:
        # One session over one connection, kept: making them anew is half the cost of a small transaction.
        if self._session is None:
            self._connection = self._database.connect()
            self._session = Session(self._connection, expire_on_commit=False)
        with self._session.begin():
            results = [write(self._session) for write in writes]
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
            self.waiting -= len(work)
            for item, result in zip(work, results, strict=True):
                if item.future.done():
                    continue
                if isinstance(result, Exception):
                    item.future.set_exception(result)
                else:
                    item.future.set_result(result)

        self._loop.call_soon_threadsafe(tell)
