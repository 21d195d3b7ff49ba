"""What an operator's page shows: where they stand, and the call that they are offered, have, or have just had."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from ivr.days import midnight
from ivr.flow.model import Book
from ivr.store import calls, operators
from ivr.store.database import Database
from ivr.store.schema import Call, JourneyEntry
from ivr.web import journey
from ivr.web.labels import Labels
from ivr.web.talking import talk_of

log = logging.getLogger(__name__)
RECENT = 6  # calls of today that stay in sight, for an outcome that was forgotten
LOOK = 0.3  # seconds between two looks into the store, for all pages together
# A call's end is seen when it is written, up to so long after it; to look through all calls again and again is dear.
LATE = timedelta(minutes=1)


@dataclass(frozen=True)
class Reader:
    """`book_of`: the flows of a version. `zone` says when the operator's day begins."""

    book_of: Callable[[int], Book]
    words: Labels
    language: str
    zone: ZoneInfo


def view(session: Session, code: str, now: datetime, reader: Reader) -> dict[str, Any]:
    """JSON; times are milliseconds since 1970, as browsers have them."""
    presence = operators.presence(session, code)
    call = calls.get(session, presence.call_id) if presence and presence.call_id else None
    today = midnight(now, reader.zone)
    served, talked = calls.served(session, code, today)
    return {
        "now": _ms(now),
        "state": presence.state if presence else "signed-out",
        "reason": reader.words["pause"].get(presence.reason, presence.reason) if presence else "",
        "since": _ms(presence.since if presence else now),
        "call": _call(session, code, call, reader) if call else None,
        "today": {"served": served, "talked": round(talked)},
        "recent": [_recent(one, reader) for one in calls.recent_of(session, code, today, RECENT)],
    }


def _recent(call: Call, reader: Reader) -> dict[str, Any]:
    return {
        "id": call.id,
        "at": f"{call.started_at.astimezone(reader.zone):%H:%M}",
        "queue": call.queue,
        "language_name": reader.words["language"].get(call.language, call.language),
        "talked": round(call.talked),
        "disposition": call.disposition,
    }


def _call(session: Session, code: str, call: Call, reader: Reader) -> dict[str, Any]:
    rows, book = calls.journey(session, call.id), reader.book_of(call.version)
    flow = book.flows.get(call.flow)
    language = _last(rows, "language", "language") or (flow.languages[0] if flow else "")
    connected = [row for row in rows if row.kind == "connected" and row.node == code]
    ended = [row for row in rows if row.kind == "conversation-ended" and connected and row.seq > connected[-1].seq]
    queued = [row for row in rows if row.kind == "queue"]
    queue = str(queued[-1].detail["queue"]) if queued else ""
    # Who was moved while waiting has waited since they came to the first of these queues.
    talked = max((row.seq for row in rows if row.kind == "conversation-ended"), default=0)
    since = next((row.at for row in queued if row.seq > talked), None)
    terms = book.queues.get(queue)
    outcomes = calls.outcomes(session, call.caller, call.started_at)
    return {
        "id": call.id,
        "queue": queue,
        "language": language,
        "language_name": reader.words["language"].get(language, language),
        "reason": _last(rows, "ticket", "subject"),
        "began": _ms(call.started_at),
        "queued": _ms(since or (queued[-1].at if queued else None)),
        "connected": _ms(connected[-1].at if connected else None),
        "parted": _ms(ended[0].at if ended else None),
        "talk": _talk(rows, code),
        "wrap_up": terms.wrap_up if terms else 0,
        "disposition": call.disposition,
        "note": call.note,
        "journey": journey.lines(rows, call.started_at, book, call.flow, reader.words["journey"], reader.language),
        "known": bool(call.caller),
        "earlier": [
            {"outcome": reader.words["outcome"].get(outcome, outcome), "count": number}
            for outcome, number in outcomes.items()
        ],
    }


def _talk(rows: Sequence[JourneyEntry], code: str) -> dict[str, Any] | None:
    """`with`: `alone` with the caller, `asking`, `consulting`, `three-way`; `guest` is who was asked by another."""
    talk = talk_of(rows)
    if talk is None:
        return None
    return {
        "with": (talk.with_other or "alone") if talk.operator == code else "guest",
        "other": talk.other,
        "held": talk.held,
        "muted": talk.muted,
        "paused": talk.paused,
        "recorded": talk.recorded,
    }


def targets(session: Session, code: str, reader: Reader) -> dict[str, Any]:
    """Whom the operator can give their call to, or ask about it: the queues of its flows, and who is at work."""
    presence = operators.presence(session, code)
    call = calls.get(session, presence.call_id) if presence and presence.call_id else None
    if call is None:
        return {"queues": [], "colleagues": []}
    states = {row.code: row.state for row in operators.presences(session)}
    there = [
        {"code": one.code, "name": one.name, "state": states.get(one.code, "signed-out")}
        for one in operators.current(session)
        if one.code != code
    ]
    return {
        "queues": sorted(reader.book_of(call.version).queues),
        "colleagues": [one for one in there if one["state"] != "signed-out"],
    }


def _last(rows: Sequence[JourneyEntry], kind: str, name: str) -> str:
    return next((str(row.detail.get(name, "")) for row in reversed(rows) if row.kind == kind), "")


def _ms(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


class Watch:
    """Wakes the pages of operators whom something has happened to. While nobody looks, it does not either."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pages: dict[str, set[asyncio.Event]] = {}
        self._marks: dict[str, object] = {}
        self._ended: dict[str, datetime] = {}  # by operator: the last end of a call that we have seen
        self._looking: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def of(self, code: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever the page of this operator is to be told anew; at first it is set."""
        event = asyncio.Event()
        event.set()
        self._pages.setdefault(code, set()).add(event)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield event
        finally:
            self._pages[code].discard(event)
            if not self._pages[code]:
                del self._pages[code]
                self._marks.pop(code, None)

    async def _look(self) -> None:
        while self._pages:
            try:
                marks = await asyncio.to_thread(self._read, set(self._pages))
            except Exception:  # the store is away: the pages show what they know
                log.exception("the operators' pages could not be refreshed")
                marks = self._marks
            for code in marks.keys() & self._pages.keys():
                if self._marks.get(code) != marks[code]:
                    for event in self._pages[code]:
                        event.set()
            self._marks = marks
            await asyncio.sleep(LOOK)
        self._looking = None

    def _read(self, codes: set[str]) -> dict[str, object]:
        """Whatever a page shows is other when its mark is."""
        with self._database.read() as session:
            rows = {row.code: row for row in operators.presences(session) if row.code in codes}
            last = calls.last_entries(session, {row.call_id for row in rows.values() if row.call_id})
            self._ended |= calls.last_ends(session, codes, datetime.now(UTC) - LATE)
            return {
                code: (row.state, row.since, row.call_id, last.get(row.call_id), self._ended.get(code))
                for code, row in rows.items()
            }
