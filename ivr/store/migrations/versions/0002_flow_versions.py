"""published versions of the flows"""

import sqlalchemy as sa
from alembic import op

from ivr.store.schema import UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("calls", sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "flow_files",
        sa.Column("sha256", sa.String(), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "flow_versions",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
    )
    op.create_table(
        "flow_version_files",
        sa.Column("version", sa.Integer(), sa.ForeignKey("flow_versions.number"), primary_key=True),
        sa.Column("path", sa.String(), primary_key=True),
        sa.Column("sha256", sa.String(), sa.ForeignKey("flow_files.sha256"), nullable=False),
    )
    op.create_table(
        "flow_activations",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("version", sa.Integer(), sa.ForeignKey("flow_versions.number"), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
    )


def downgrade() -> None:
    for table in ("flow_activations", "flow_version_files", "flow_versions", "flow_files"):
        op.drop_table(table)
    with op.batch_alter_table("calls") as calls:
        calls.drop_column("version")
