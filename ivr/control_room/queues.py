"""Queues and operators as supervisors see them, without any caller's number: what the controller that decides tells,
with what the store knows of it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from ivr.acd.overview import Overview, Waits
from ivr.days import midnight
from ivr.store import calls, operators
from ivr.store.service_level import Level, levels


def today(session: Session, seen: Overview, now: datetime, zone: ZoneInfo) -> dict[str, Level]:
    """The service level of each queue since midnight."""
    return levels(session, {queue.name: queue.answer_within for queue in seen.queues}, midnight(now, zone))


def standing(session: Session, seen: Overview, now: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """`queues`, with the service level counted now: it goes through all calls of the day."""
    return queues(session, seen, today(session, seen, now, zone))


def queues(session: Session, seen: Overview, today: Mapping[str, Level]) -> list[dict[str, Any]]:
    """Each queue with `waiting` (a count), `longest` (seconds, None when nobody waits), `operators` (state → count),
    `service_level` of today (`within` seconds, `answered`, `in_time`, `abandoned`, `share` of 1) and its `calls`."""
    known = calls.there(session, [one.id for queue in seen.queues for one in queue.calls])
    return [
        {
            "name": queue.name,
            "waiting": len(queue.calls),
            "longest": max((one.waited for one in queue.calls), default=None),
            "operators": queue.operators,
            "service_level": {
                "within": queue.answer_within,
                **(asdict(level) | {"share": level.share} if (level := today.get(queue.name)) else _NO_CALLS),
            },
            "calls": [_call(one, place, known) for place, one in enumerate(queue.calls, 1)],
        }
        for queue in seen.queues
    ]


_NO_CALLS = {"answered": 0, "in_time": 0, "abandoned": 0, "share": None}


def _call(one: Waits, place: int, known: set[str]) -> dict[str, Any]:
    """`kind`: a `call`, which can be moved; a `consult` (an operator asks others), a `callback` (nobody is on the
    line)."""
    kind = "call" if one.id in known else "consult" if "-consult-" in one.id else "callback"
    return {
        "id": one.id,
        "kind": kind,
        "position": place,
        "waited": one.waited,
        "language": one.language,
        "needs": list(one.needs),
        "priority": one.priority,
        "offered": list(one.offered),
    }


def staff(session: Session) -> list[dict[str, Any]]:
    """Each operator: where they stand and `since` when, the `call` that they are offered, have or have just had, and
    the `queue` it came from."""
    presences = {row.code: row for row in operators.presences(session)}
    queue_of = calls.queues_of(session, {row.call_id for row in presences.values() if row.call_id})
    rows = []
    for operator in operators.current(session):
        stands = presences.get(operator.code)
        call = stands.call_id if stands else ""
        rows.append(
            {
                "code": operator.code,
                "name": operator.name,
                "languages": operator.languages,
                "skills": operator.skills,
                "queues": operator.queues,
                "state": stands.state if stands else "signed-out",
                "reason": stands.reason if stands else "",
                "phone": stands.phone if stands else "",
                "since": stands.since if stands else None,
                "call": call,
                "queue": queue_of.get(call, ""),
            }
        )
    return rows
