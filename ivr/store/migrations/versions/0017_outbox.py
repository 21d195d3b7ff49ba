"""the outbox: claims, what was set aside, which backend has a ticket and where it stands there"""

import sqlalchemy as sa
from alembic import op

from ivr.store.schema import UtcTime

revision = "0017"
down_revision = "0015"

FAILED = sa.text("failed_at IS NOT NULL")
OPEN = sa.text("state IN ('new', 'open', 'waiting')")


def upgrade() -> None:
    with op.batch_alter_table("ticket_outbox") as table:
        for name in ("since", "held_until", "failed_at", "made_at", "looked_at"):
            table.add_column(sa.Column(name, UtcTime(), nullable=True))
        for name in ("holder", "backend", "state"):
            table.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("told", sa.JSON(), nullable=False, server_default="{}"))
    op.execute("UPDATE ticket_outbox SET since = due_at, made_at = delivered_at")
    op.execute("UPDATE ticket_outbox SET backend = 'embedded', state = 'new' WHERE reference <> ''")
    with op.batch_alter_table("ticket_outbox") as table:
        table.alter_column("since", nullable=False)
    op.create_index("ticket_outbox_made", "ticket_outbox", ["made_at"])
    op.create_index("ticket_outbox_reference", "ticket_outbox", ["reference"])
    op.create_index(
        "ticket_outbox_failed", "ticket_outbox", ["failed_at"], sqlite_where=FAILED, postgresql_where=FAILED
    )
    op.create_index("ticket_outbox_open", "ticket_outbox", ["looked_at"], sqlite_where=OPEN, postgresql_where=OPEN)
