"""calls of a caller: every new call counts those before it"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("calls_of_caller", "calls", ["caller", "started_at"])
