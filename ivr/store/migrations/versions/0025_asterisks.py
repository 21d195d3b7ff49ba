"""whose calls a controller has, as there may be several Asterisks"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("controllers", sa.Column("asterisk", sa.String(), nullable=False, server_default="asterisk"))
