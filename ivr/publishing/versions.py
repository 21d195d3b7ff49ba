"""The versions of the flows that a controller has loaded.

A call asks the store which version is active while it writes its own row; here it gets that version, loaded in a
thread when it is new. The active one is kept; an older one lives as long as a call holds it.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from ivr.acd import state as acd
from ivr.flow.findings import FlowErrors
from ivr.flow.loader import Book, read
from ivr.flow.queues import Queue
from ivr.prompts.library import Library
from ivr.publishing import folder
from ivr.store import flow_versions
from ivr.store.database import Database, StoreError

log = logging.getLogger(__name__)
WHOLE = ".whole"  # a file in the folder of a version; when it became the active one last
RETRY = 30.0  # seconds until a version that could not be loaded is tried again


@dataclass(frozen=True, eq=False)
class Version:
    """`library` finds this version's recordings; `queues` are as the router wants them."""

    number: int
    book: Book
    library: Library
    queues: Mapping[str, acd.Queue]


def load(database: Database, number: int, home: Path, library: Callable[[Path], Library]) -> Version:
    """Write the files of a version to `home`/NUMBER, where Asterisk finds its recordings, and read them.

    They were checked when they were published, and are not checked again. While the database is away, those are read
    that are there whole. Raises StoreError, FlowErrors, OSError.
    """
    place = home / str(number)
    try:
        with database.read() as session:
            files = flow_versions.paths(session, number)
            if not files:
                raise StoreError(f"there is no version {number} of the flows; see `ivr flow versions`")
            folder.write(place, files, lambda sha256: flow_versions.content(session, sha256))
            if not (mark := place / WHOLE).exists():
                mark.touch()
                os.utime(mark, (0, 0))
    except StoreError as error:
        if number not in on_disk(home) or not database.is_away(error):
            raise
    book, findings = read(place)
    if errors := [finding for finding in findings if finding.severity == "error"]:
        raise FlowErrors(errors)
    return Version(number, book, library(place), {name: _queue(name, queue) for name, queue in book.queues.items()})


def on_disk(home: Path) -> list[int]:
    """The versions that are there whole, the one that was the active one last first."""
    marks = sorted(home.glob(f"*/{WHOLE}"), key=lambda mark: mark.stat().st_mtime, reverse=True)
    return [int(mark.parent.name) for mark in marks]


def note_active(home: Path, number: int) -> None:
    """For `on_disk`."""
    (home / str(number) / WHOLE).touch()


def activated(database: Database, home: Path) -> list[int]:
    """The newest activation first; while the database is away, what `on_disk` knows. Raises StoreError."""
    try:
        with database.read() as session:
            return [row.version for row in flow_versions.activations(session)]
    except StoreError as error:
        found = on_disk(home)
        if not found or not database.is_away(error):
            raise
        log.error("the database is away; new calls take the version of the flows that was the active one last")
        return found


def _queue(name: str, queue: Queue) -> acd.Queue:
    return acd.Queue(
        name,
        queue.strategy,
        queue.ring,
        queue.wrap_up,
        queue.max_waiting,
        tuple((step.after, step.skills) for step in queue.overflow),
        queue.announce.every if queue.announce else 0.0,
        queue.ageing,
        queue.service_level.answer_within,
    )


class Versions:
    """`load` is called in a thread; `on_active` hears of each version that becomes the one for new calls."""

    active: Version

    def __init__(self, load: Callable[[int], Version], on_active: Callable[[Version], None]) -> None:
        self._load, self._on_active = load, on_active
        self._loaded: WeakValueDictionary[int, Version] = WeakValueDictionary()
        self._loading: dict[int, asyncio.Task[Version]] = {}
        self._failed: dict[int, float] = {}
        self._wanted = 0

    async def start(self, numbers: Iterable[int]) -> None:
        """Begin with the first of `numbers` (newest activation first) that can be loaded. Raises StoreError."""
        for number in dict.fromkeys(numbers):
            if version := await self._try(number):
                self._become(version)
                return
        raise StoreError("no version of the flows can be run; publish one: `ivr flow publish`")

    def loaded(self, number: int) -> Version | None:
        """The version if it is here already; may be asked from any thread."""
        return self._loaded.get(number)

    async def get(self, number: int) -> Version:
        """Any version, for a call that began with it. Other calls go on while it is loaded. Raises what `load` does."""
        if (version := self._loaded.get(number)) is not None:
            return version
        task = self._loading.get(number)
        if task is None:
            task = self._loading[number] = asyncio.ensure_future(asyncio.to_thread(self._load, number))
            task.add_done_callback(lambda done: self._keep(number, done))
        return await asyncio.shield(task)

    async def take(self, number: int) -> Version:
        """For a new call, the version which the store says is active; the former one when that cannot be loaded."""
        self._wanted = number
        if number == self.active.number:
            return self.active
        version = await self._try(number)
        if version is None:
            return self.active
        if number == self._wanted and version is not self.active:
            self._become(version)
        return version

    async def _try(self, number: int) -> Version | None:
        if time.monotonic() < self._failed.get(number, 0.0):
            return None
        try:
            version = await self.get(number)
        except Exception:
            log.exception("VERSION %d OF THE FLOWS CANNOT BE LOADED; calls go on with the former one", number)
            self._failed[number] = time.monotonic() + RETRY
            return None
        self._failed.pop(number, None)
        return version

    def _keep(self, number: int, done: asyncio.Task[Version]) -> None:
        del self._loading[number]
        if not done.cancelled() and done.exception() is None:
            self._loaded[number] = done.result()

    def _become(self, version: Version) -> None:
        self.active = version
        log.info("new calls take version %d of the flows", version.number)
        self._on_active(version)
