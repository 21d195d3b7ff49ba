"""the answers to surveys beside what recordings are searched by: samples have strata by them"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("catalogue", sa.Column("answers", sa.String(), nullable=False, server_default=""))
    catalogue = sa.table("catalogue", *map(sa.column, ("call_id", "answers")))
    given = sa.table("survey_answers", *map(sa.column, ("call_id", "question", "answer")))
    of_call = (
        sa.select(given.c.question, sa.func.min(given.c.answer).label("answer"))
        .where(given.c.call_id == catalogue.c.call_id, given.c.answer.is_not(None))
        .group_by(given.c.question)
        .correlate(catalogue)
        .subquery()
    )
    each = sa.literal("\x1f") + of_call.c.question + sa.literal("\x1e") + sa.cast(of_call.c.answer, sa.String)
    answers = sa.select(sa.func.aggregate_strings(each, "")).correlate(catalogue).scalar_subquery()
    there = sa.exists().where(given.c.call_id == catalogue.c.call_id)
    op.execute(sa.update(catalogue).values(answers=sa.func.coalesce(answers, "")).where(there))
