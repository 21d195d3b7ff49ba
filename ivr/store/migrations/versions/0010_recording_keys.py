"""recordings are encrypted, each copy under a key of its own; they know their sampling rate"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("recordings", sa.Column("rate", sa.Integer(), nullable=False, server_default="8000"))
    op.create_table(
        "recording_keys",
        sa.Column("recording_id", sa.String(), sa.ForeignKey("recordings.id"), primary_key=True),
        sa.Column("copy", sa.String(), primary_key=True),
        sa.Column("kek", sa.String(), nullable=False, index=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
