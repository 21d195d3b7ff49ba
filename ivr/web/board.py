"""What supervisors see of the floor, looked at once for all their pages, while anybody looks."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from ivr.acd.overview import Look, Overview
from ivr.control_room.lines import Lines
from ivr.control_room.queues import queues, staff, today
from ivr.link.messages import LinkError, Refused
from ivr.store import calls, outbox
from ivr.store.database import Database
from ivr.store.service_level import Level

log = logging.getLogger(__name__)
LOOK = 1.0  # seconds between two looks
COUNT = 20.0  # seconds between two counts of the service level: it goes through all calls of the day


class Board:
    def __init__(self, database: Database, lines: Lines, zone: ZoneInfo, late: float) -> None:
        """`late`: seconds after which a ticket that is due is."""
        self._database, self._lines, self._zone, self._late = database, lines, zone, late
        self._pages: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None
        self._seen: dict[str, Any] = {}
        self._since: dict[str, int] = {}  # of who waits, so that a call's time is told the same each time
        self._levels: dict[str, Level] = {}
        self._counted = 0.0

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever the pages are to be told anew; at first it is set."""
        event = asyncio.Event()
        event.set()
        self._pages.add(event)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield event
        finally:
            self._pages.discard(event)

    async def view(self) -> dict[str, Any]:
        """JSON: `operators` and `queues` (see `ivr/control_room/queues.py`), and the `calls` in progress; times are
        milliseconds since 1970. `problem`: why the queues are not known, "" when they are. `tickets`: how many are
        `pending`, for how many `minutes`, and `failed`, when that is an alarm; else null."""
        if not self._pages or not self._seen:
            self._seen = await self._read()
        return self._seen | {"now": _ms(datetime.now(UTC))}

    async def _look(self) -> None:
        while self._pages:
            try:
                now = await self._read()
            except Exception:  # the store is away: the pages show what they know
                log.exception("the floor's pages could not be refreshed")
                now = self._seen
            if now != self._seen:
                self._seen = now
                for event in self._pages:
                    event.set()
            await asyncio.sleep(LOOK)
        self._looking = None

    async def _read(self) -> dict[str, Any]:
        problem, seen = "", Overview(())
        try:
            seen = await self._lines.ask_floor(Look(), Overview)
        except (LinkError, Refused) as error:
            problem = str(error)
        return await asyncio.to_thread(self._put_together, seen, problem)

    def _put_together(self, seen: Overview, problem: str) -> dict[str, Any]:
        now = datetime.now(UTC)
        with self._database.read() as session:
            self._count(session, seen, now)
            rows = queues(session, seen, self._levels)
            people = staff(session)
            live = calls.live(session)
            tickets = outbox.standing(session, now)
        waiting = {call["id"]: call for queue in rows for call in queue["calls"]}
        self._since = {id: self._since.get(id, _ms(now) - round(call["waited"] * 1000)) for id, call in waiting.items()}
        for call in waiting.values():
            del call["waited"]
            call["since"] = self._since[call["id"]]
        for queue in rows:
            del queue["longest"]  # the page reckons it
        for one in people:
            one["since"] = _ms(one["since"]) if one["since"] else None
        return {
            "problem": problem,
            "tickets": tickets.alarm(self._late),
            "queues": rows,
            "operators": sorted(people, key=lambda one: (one["state"] == "signed-out", one["code"])),
            "calls": [{"id": call.id, "flow": call.flow, "since": _ms(call.started_at)} for call in live],
        }

    def _count(self, session: Session, seen: Overview, now: datetime) -> None:
        if time.monotonic() - self._counted >= COUNT:
            self._levels = today(session, seen, now, self._zone)
            self._counted = time.monotonic()


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
