"""browsers that are signed in, users of an OpenID provider, requests to hear originals"""

import sqlalchemy as sa
from alembic import op

from ivr.store.schema import UtcTime

revision = "0014"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("users", sa.Column("subject", sa.String(), nullable=False, server_default=""))
    # Passwords are Argon2's now. With no user left, the next start makes the first one anew.
    op.execute("DELETE FROM users WHERE password LIKE 'scrypt$%'")
    op.create_table(
        "sign_ins",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("user", sa.String(), sa.ForeignKey("users.name"), nullable=False, index=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
    )
    op.create_table(
        "original_requests",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("recording_id", sa.String(), sa.ForeignKey("recordings.id"), nullable=False, index=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("approved_at", UtcTime(), nullable=True),
        sa.Column("until", UtcTime(), nullable=True),
    )
