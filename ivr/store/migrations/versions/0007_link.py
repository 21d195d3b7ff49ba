"""where a controller listens for our own processes"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("controllers", sa.Column("address", sa.String(), nullable=False, server_default=""))
