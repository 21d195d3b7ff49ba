"""The live board: calls in progress and operators, without any caller's number."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ivr.store import calls, operators


@dataclass(frozen=True)
class LiveCall:
    id: str
    flow: str
    controller: str
    seconds: float


@dataclass(frozen=True)
class LiveOperator:
    code: str
    name: str
    state: str  # signed-out, ready, offered, talking, wrap-up, paused, unreachable
    languages: list[str]
    queues: list[str]


@dataclass(frozen=True)
class Board:
    calls: list[LiveCall]
    operators: list[LiveOperator]


def board(session: Session, now: datetime) -> Board:
    presences = {row.code: row.state for row in operators.presences(session)}
    return Board(
        [
            LiveCall(call.id, call.flow, call.controller, round((now - call.started_at).total_seconds(), 1))
            for call in calls.live(session)
        ],
        [
            LiveOperator(row.code, row.name, presences.get(row.code, "signed-out"), row.languages, row.queues)
            for row in operators.current(session)
        ],
    )
