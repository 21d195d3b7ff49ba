"""anonymised copies: how each stands; originals that were destroyed. Recordings from before wait for a copy"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from ivr.store.schema import SET_ASIDE, TO_MAKE, UtcTime

revision = "0016"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("recordings", sa.Column("copies", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("recordings", sa.Column("original_gone_at", UtcTime(), nullable=True))
    op.add_column("recording_keys", sa.Column("number", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "anonymisations",
        sa.Column("recording_id", sa.String(), sa.ForeignKey("recordings.id"), primary_key=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("held_until", UtcTime(), nullable=True),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=True),
        sa.Column("made_with", sa.String(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("destroy", sa.Boolean(), nullable=False),
    )
    for name, column, sqlite, postgresql in (
        ("anonymisations_waiting", "due_at", TO_MAKE, TO_MAKE),
        ("anonymisations_failed", "asked_at", SET_ASIDE, SET_ASIDE),
        ("anonymisations_to_destroy", "recording_id", sa.text("destroy = 1"), sa.text("destroy")),
    ):
        op.create_index(name, "anonymisations", [column], sqlite_where=sqlite, postgresql_where=postgresql)
    op.get_bind().execute(
        sa.text(
            "INSERT INTO anonymisations (recording_id, state, profile, asked_at, due_at, attempts, holder, problem,"
            " last_error, made_with, report, destroy) SELECT id, 'waiting', '', :now, stored_at, 0, '', '', '', '',"
            " '{}', :no FROM recordings WHERE purged_at IS NULL"
        ).bindparams(sa.bindparam("now", type_=UtcTime()), sa.bindparam("no", type_=sa.Boolean())),
        {"now": datetime.now(UTC), "no": False},
    )
