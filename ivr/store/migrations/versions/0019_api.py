"""keys of `/api/v1`, and what was answered to requests that may come again"""

import sqlalchemy as sa
from alembic import op

from ivr.store.schema import UtcTime

revision = "0019"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("digest", sa.String(), nullable=False, unique=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("expires_at", UtcTime()),
        sa.Column("revoked_at", UtcTime()),
        sa.Column("last_used_at", UtcTime()),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
    )
    op.create_table(
        "api_answers",
        sa.Column("key", sa.String(), sa.ForeignKey("api_keys.name"), primary_key=True),
        sa.Column("idempotency_key", sa.String(), primary_key=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False, index=True),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
