"""who reviewed a recording of a sample goes with the recording, as from now on; this is for those that are gone"""

from alembic import op

revision = "0023"
down_revision = "0016"


def upgrade() -> None:
    op.execute(
        "UPDATE sample_items SET reviewed_by = '' WHERE recording_id IN"
        " (SELECT id FROM recordings WHERE purged_at IS NOT NULL)"
    )
