"""callbacks in their turn: place, tries, who has them; the calls they lead to"""

import sqlalchemy as sa
from alembic import op

from ivr.store.schema import LIVE_WISH, UtcTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("calls", sa.Column("callback_of", sa.String(), nullable=False, server_default=""))
    for column in (
        sa.Column("since", UtcTime(), nullable=False, server_default="1970-01-01 00:00:00.000000"),
        sa.Column("skills", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("priority", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("due_at", UtcTime(), nullable=False, server_default="1970-01-01 00:00:00.000000"),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("holder", sa.String(), nullable=False, server_default=""),
        sa.Column("held_until", UtcTime(), nullable=True),
        sa.Column("attempt", sa.String(), nullable=False, server_default=""),
    ):
        op.add_column("callback_requests", column)
    op.execute("UPDATE callback_requests SET since = asked_at, due_at = asked_at")
    op.create_index(
        "callback_requests_one",
        "callback_requests",
        ["number"],
        unique=True,
        sqlite_where=LIVE_WISH,
        postgresql_where=LIVE_WISH,
    )
    op.create_table(
        "callback_tries",
        sa.Column("attempt", sa.String(), primary_key=True),
        sa.Column("call_id", sa.String(), sa.ForeignKey("calls.id"), nullable=False, index=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
    )
