"""A real call as the store tells it, while it goes on and when it is over."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from ivr.calls.journal import entry, is_machine
from ivr.flow import comparing
from ivr.flow.model import Book
from ivr.flow.simulator import Entry
from ivr.flow.trial import is_note
from ivr.store import calls
from ivr.store.database import Database
from ivr.store.schema import Call, JourneyEntry
from ivr.tickets import embedded

LOOK = 0.25  # seconds from one look into the store to the next


class Journey:
    """`entries` are the machine's notes, as the simulator has them; `row` the call, once it has begun."""

    def __init__(self, database: Database, book: Book, called: str) -> None:
        self._database, self._book, self._called = database, book, called
        self._last, self._flow = 0, ""
        self.entries: list[Entry] = []
        self.connected = 0  # conversations begun
        self.row: Call | None = None

    @property
    def ended(self) -> bool:
        return self.row is not None and self.row.ended_at is not None

    @property
    def notes(self) -> list[Entry]:
        return [entry for entry in self.entries if is_note(entry)]

    @property
    def now(self) -> float:
        """Seconds since the call began; the times of the entries are such."""
        assert self.row is not None
        return (datetime.now(UTC) - self.row.started_at).total_seconds()

    async def until(
        self, notes: int = 0, *, end: bool = False, connected: int = 0, within: float, expected: Sequence[Entry] = ()
    ) -> bool:
        """Wait until there are so many notes and conversations, and, with `end`, until the call is over.

        False when the call is over before, or the time is, or a note is another than `expected`.
        """
        deadline = time.monotonic() + within
        while True:
            await asyncio.to_thread(self._look)
            if expected and comparing.difference(expected[: len(self.notes)], self.entries) is not None:
                return False
            if len(self.notes) >= notes and self.connected >= connected and (self.ended or not end):
                return self.row is not None
            if self.ended or time.monotonic() > deadline:
                return False
            await asyncio.sleep(LOOK)

    def survey(self) -> dict[str, dict[str, int | None]]:
        assert self.row is not None
        found: dict[str, dict[str, int | None]] = {}
        with self._database.read() as session:
            for answer in calls.survey(session, self.row.id):
                found.setdefault(answer.survey, {})[answer.question] = answer.answer
        return found

    async def ticket(self, wanted: str, within: float) -> str:
        """The type of the call's ticket, "" while there is none; waits for the one that is wanted."""
        assert self.row is not None
        found, deadline = "", time.monotonic() + within
        while found != wanted and time.monotonic() < deadline:
            with self._database.read() as session:
                ticket = embedded.get(session, self.row.id)
                found = ticket.type if ticket else ""
            await asyncio.sleep(2 * LOOK)
        return found

    def _look(self) -> None:
        with self._database.read() as session:
            row = calls.by_number(session, self._called)
            if row is None:
                return
            for one in calls.journey(session, row.id, self._last):
                self._last = one.seq
                self.connected += one.kind == "connected"
                if is_machine(one.kind, one.node):
                    self.entries.append(self._entry(row, one))
            self.row = row  # read before its journey: when it has ended, the journey is whole

    def _entry(self, row: Call, one: JourneyEntry) -> Entry:
        self._flow = one.detail["flow"] if one.kind == "node" else self._flow
        return entry(one, row.started_at, self._book, self._flow)
