"""Calls that end, and processes that are killed while they deliver."""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import event

from ivr.store import calls
from ivr.store.database import Database

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def end_a_call(
    database: Database,
    call: str = "c",
    outcome: str = "served",
    wrap_up: float = 30,
    at: datetime = NOW,
    **facts: object,
) -> None:
    with database.transaction() as session:
        calls.start(session, id=call, channel=call, controller="x", called="1", caller="", flow="f", started_at=at)
        due = at + timedelta(seconds=wrap_up)
        survey = {"s": {"clarity": 4, "speed": None}}
        calls.finish(session, call, ended_at=at, ticket_due_at=due, survey=survey, outcome=outcome, talked=3.0, **facts)


def killed(url: str, work: Callable[[Database, Callable[[], None]], None], step: int) -> bool:
    """Do `work(database, count)` in a process that is killed (SIGKILL) at that step; False: it had fewer. Steps are the
    begin and end of each transaction, and each `count()`."""
    child = os.fork()
    if not child:
        left = step

        def count(*_: object) -> None:
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

        database = Database(url)
        event.listen(database.engine, "begin", count)
        event.listen(database.engine, "commit", count)
        try:
            work(database, count)
            os._exit(0)
        finally:
            os._exit(3)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the work failed"
    return os.WIFSIGNALED(status)
