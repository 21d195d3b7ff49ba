"""callbacks that callers have asked for; recordings that are messages"""

import sqlalchemy as sa
from alembic import op

from ivr.store.schema import UtcTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "callback_requests",
        sa.Column("call_id", sa.String(), sa.ForeignKey("calls.id"), primary_key=True),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
    )
    op.create_index("callback_requests_live", "callback_requests", ["state", "number"])
    op.add_column("recordings", sa.Column("kind", sa.String(), nullable=False, server_default="conversation"))
