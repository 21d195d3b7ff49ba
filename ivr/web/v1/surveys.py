"""What callers answered after their calls."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import select

from ivr.store.schema import Call, SurveyAnswer
from ivr.web.v1.asker import Asker
from ivr.web.v1.operations import Operation
from ivr.web.v1.paged import following, ordered
from ivr.web.v1.types import Id, Listing, Page, Word, equal, means, within


class Answer(Struct):
    """One question that was put to a caller."""

    call: Annotated[Id, means("survey_answers.call_id")]
    started_at: Annotated[datetime, means("calls.started_at")]
    survey: Annotated[str, means("survey_answers.survey")]
    question: Annotated[str, means("survey_answers.question")]
    answer: Annotated[int | None, means("survey_answers.answer")]
    queue: Annotated[str, means("calls.queue")]
    language: Annotated[str, means("calls.language")]
    operator: Annotated[str, means("calls.operator")]


class Answers(Page[Answer]):
    pass


class AnswerQuery(Listing, kw_only=True):
    call: Annotated[Id | UnsetType, Meta(description="Of this call alone")] = UNSET
    survey: Annotated[Word | UnsetType, means("survey_answers.survey")] = UNSET
    question: Annotated[Word | UnsetType, means("survey_answers.question")] = UNSET
    queue: Annotated[Word | UnsetType, means("calls.queue")] = UNSET


def list_survey_answers(asker: Asker, query: AnswerQuery) -> Answers:
    """What callers answered, by when their calls began."""
    row = SurveyAnswer
    columns = (row.call_id.label("call"), Call.started_at, row.survey, row.question, row.answer)
    chosen = select(*columns, Call.queue, Call.language, Call.operator).join(Call, Call.id == row.call_id)
    chosen = chosen.where(*within(Call.started_at, query))
    asked = {"call": row.call_id, "survey": row.survey, "question": row.question, "queue": Call.queue}
    chosen = chosen.where(*equal(query, asked))
    order = (Call.started_at, Call.id, row.survey, row.question)
    rows = asker.session.execute(ordered(chosen, order, query)).all()
    items, more = following(rows, query, lambda one: (one.started_at, one.call, one.survey, one.question))
    shown = asker.operators.shown
    return Answers([Answer(**one._asdict() | {"operator": shown(one.operator)}) for one in items], more)


OPERATIONS = [Operation("GET", "/survey-answers", "surveys:read", list_survey_answers)]
