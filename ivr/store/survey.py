"""Results of surveys, counted anew from the answers each time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from ivr.store.schema import Call, SurveyAnswer

# Why a citizen called: the field `reason` that the flow gave its ticket, or the ticket's subject.
REASON: ColumnElement[str] = func.coalesce(
    Call.ticket["fields"]["reason"].as_string(), Call.ticket["subject"].as_string(), ""
)
# What results may be told apart by.
GROUPS: dict[str, ColumnElement[Any]] = {
    "operator": Call.operator.expression,
    "queue": Call.queue.expression,
    "language": Call.language.expression,
    "reason": REASON,
    "survey": SurveyAnswer.survey.expression,
    "question": SurveyAnswer.question.expression,
}
GOOD = 4  # an answer from here on is a good one, on a scale of 5


def results(
    session: Session, by: Sequence[str], since: datetime | None = None, until: datetime | None = None
) -> list[dict[str, Any]]:
    """For each group (`by`: names of GROUPS): `count` questions asked, `answered` of them, `mean` of the answers and
    `good`, the share of those that are 4 or 5; both None where nobody answered. Of calls begun from `since` on
    and before `until`. Raises KeyError for a group that there is not."""
    each = select(SurveyAnswer.answer, *(GROUPS[name].label(name) for name in by))
    each = each.join(Call, Call.id == SurveyAnswer.call_id)
    if since is not None:
        each = each.where(Call.started_at >= since)
    if until is not None:
        each = each.where(Call.started_at < until)
    asked = each.subquery()
    groups = [asked.c[name] for name in by]
    answer = asked.c.answer
    counted = select(
        *groups,
        func.count().label("count"),
        func.count(answer).label("answered"),
        func.avg(answer).label("mean"),
        func.avg(case((answer.is_(None), None), (answer >= GOOD, 1.0), else_=0.0)).label("good"),
    )
    rows = session.execute(counted.group_by(*groups).order_by(*groups)).mappings()
    return [{name: _plain(name, value) for name, value in row.items()} for row in rows]


def _plain(name: str, value: Any) -> Any:
    """PostgreSQL's averages are decimals."""
    return round(float(value), 3) if name in ("mean", "good") and value is not None else value
