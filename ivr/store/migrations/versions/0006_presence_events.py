"""each change of where an operator stands; skills with levels"""

import sqlalchemy as sa
from alembic import op

from ivr.store.schema import UtcTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for column in ("reason", "phone"):
        op.add_column("presence", sa.Column(column, sa.String(), nullable=False, server_default=""))
    op.add_column("operators", sa.Column("skills", sa.JSON(), nullable=False, server_default="{}"))
    op.create_table(
        "presence_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["code"], ["operators.code"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("presence_events_of", "presence_events", ["code", "at"])
