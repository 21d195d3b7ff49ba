"""How callers went through a flow: counted by the database, from the journeys."""

from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from ivr.store.schema import Call, JourneyEntry

KINDS = ("node", "caller-hung-up", "operator", "operator-lost")
HUNG_UP, HUNG_UP_TALKING = "(hung up)", "(hung up talking)"


def passages(session: Session, flow: str, since: datetime, until: datetime) -> list[tuple[str, str, str, int]]:
    """(from, exit, to, calls) for the calls that began in [since, until), each counted once an arrow.

    From is "" where the flow was entered, the exit is "" in journeys that do not tell it. Who hung up in a node went to
    HUNG_UP, or to HUNG_UP_TALKING out of a conversation with an operator. After a subflow the way goes on from the
    node that ran it, so each flow of a call has a way of its own.
    """
    entry, call = JourneyEntry, JourneyEntry.call_id
    told = (
        select(
            call.label("call"),
            entry.kind,
            entry.node,
            func.coalesce(entry.detail["flow"].as_string(), Call.flow).label("flow"),
            func.coalesce(entry.detail["exit"].as_string(), "").label("exit"),
            entry.seq,
            func.lag(entry.kind).over(partition_by=call, order_by=entry.seq).label("before"),
        )
        .join(Call, Call.id == call)
        .where(Call.started_at >= since, Call.started_at < until, entry.kind.in_(KINDS))
        .subquery()
    )
    last = func.lag(told.c.node).over(partition_by=(told.c.call, told.c.flow, told.c.kind), order_by=told.c.seq)
    moved = told.c.kind == "node"
    source = case((~moved, told.c.node), (told.c.exit.in_(("start", "subflow")), ""), else_=func.coalesce(last, ""))
    target = case((moved, told.c.node), (told.c.before == "operator", HUNG_UP_TALKING), else_=HUNG_UP)
    step = (
        select(told.c.call, source.label("source"), told.c.exit, target.label("target"))
        .where(told.c.flow == flow, told.c.kind.in_(("node", "caller-hung-up")))
        .subquery()
    )
    arrow = (step.c.source, step.c.exit, step.c.target)
    counted = select(*arrow, func.count(step.c.call.distinct())).group_by(*arrow).order_by(*arrow)
    return [(source, exit, target, calls) for source, exit, target, calls in session.execute(counted)]
