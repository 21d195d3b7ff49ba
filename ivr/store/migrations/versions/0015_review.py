"""the review page: waveforms of the anonymised copies, and evaluations"""

import sqlalchemy as sa
from alembic import op

from ivr.store.schema import UtcTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "waveforms",
        sa.Column("recording_id", sa.String(), sa.ForeignKey("recordings.id"), primary_key=True),
        sa.Column("of", UtcTime(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("levels", sa.LargeBinary(), nullable=False),
        sa.Column("silences", sa.JSON(), nullable=False),
    )
    op.create_table(
        "evaluations",
        sa.Column("recording_id", sa.String(), sa.ForeignKey("recordings.id"), primary_key=True),
        sa.Column("reviewer", sa.String(), primary_key=True),
        sa.Column("at", UtcTime(), nullable=False, index=True),
        *(
            sa.Column(mark, sa.Integer(), nullable=False)
            for mark in ("correctness", "completeness", "clarity", "proactivity", "courtesy")
        ),
        sa.Column("weights", sa.JSON(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
    )
