"""how many callers wait at a controller, so that all know how many there are"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("controllers", sa.Column("waiting", sa.Integer(), nullable=False, server_default="0"))
