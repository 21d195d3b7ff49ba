"""The journey of calls, written to the store a few times a second, in the order in which things happened."""

import asyncio
import logging
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any

from ivr.flow import verbs
from ivr.flow.model import Book
from ivr.flow.simulator import Entry
from ivr.store import writes
from ivr.store.schema import JourneyEntry
from ivr.store.writer import Writer

log = logging.getLogger(__name__)
FLUSH = 0.1
LINGER = 900.0  # seconds; longer than a wrap-up
SHORTLY = 30.0  # of a call without an operator: nobody says anything of it, and at 100 a second many are over


def is_machine(kind: str, node: str) -> bool:
    """Whether an entry of a call's journey is a note of the flow machine, which has a node; the others are what people
    and Asterisk did, noted by the session."""
    return bool(node) and kind != "connected"  # there, `node` is the operator


def entry(row: JourneyEntry, began: datetime, book: Book, flow: str, language: str = "") -> Entry:
    """A row of the store as the simulator has it, of a call that began then and is in `flow`; its prompts in `language`
    ("": as they were heard)."""
    found = book.flows.get(flow)
    node = found.nodes.get(row.node) if found else None
    prompt = found.prompts.get(str(row.detail.get("prompt"))) if found else None
    text = ""
    if prompt:
        text = prompt.texts.get(language) or prompt.texts.get(row.detail["language"], "")
    at = round((row.at - began).total_seconds(), 2)
    return Entry(at, row.kind, row.node, verbs.name_of(node) if node else "", row.detail, text)


class Journal:
    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._rows: list[writes.Entry] = []
        self._last: dict[str, int] = {}
        self._ended: dict[float, deque[tuple[float, str]]] = {LINGER: deque(), SHORTLY: deque()}
        self._timer: asyncio.TimerHandle | None = None

    def note(self, call: str, kind: str, node: str = "", detail: dict[str, Any] | None = None) -> None:
        self._rows.append(self.entry(call, kind, node, detail))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH, self.flush)

    def entry(self, call: str, kind: str, node: str = "", detail: dict[str, Any] | None = None) -> writes.Entry:
        """The next one of this call, for whoever writes it together with something else."""
        number = self._last[call] = self._last.get(call, 0) + 1
        at = datetime.now(UTC)
        return {"call_id": call, "seq": number, "at": at, "kind": kind, "node": node, "detail": detail or {}}

    def resume(self, call: str, last: int) -> None:
        """Number the entries of a call taken over after its `last` one."""
        self._last[call] = last

    def last(self, call: str) -> int:
        """The number of its last entry."""
        return self._last.get(call, 0)

    def close(self, call: str, *, operator: bool) -> None:
        """The call is over; what its operator, if it had one, says of it in the wrap-up is still numbered after it."""
        now = time.monotonic()
        self._ended[LINGER if operator else SHORTLY].append((now, call))
        for linger, ended in self._ended.items():
            while ended and ended[0][0] < now - linger:
                self._last.pop(ended.popleft()[1], None)

    def flush(self) -> None:
        """Hand what was noted to the writer; it keeps the order among all it is handed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        rows, self._rows = self._rows, []
        if rows:
            written = self._writer.run(writes.AddJourney(rows), within=FLUSH)
            written.add_done_callback(lambda done: _report(done, len(rows)))


def _report(written: "asyncio.Future[None]", rows: int) -> None:
    if not written.cancelled() and (error := written.exception()):
        log.error("%d journey entries could not be written: %s", rows, error)
