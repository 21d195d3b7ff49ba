"""Alembic's entry: the connection is given by `Database.migrate`, or opened from NUMERO_NERO_STORE__URL by hand."""

import os

from alembic import context
from sqlalchemy import create_engine

from ivr.store.schema import Base

given = context.config.attributes.get("connection")


def migrate(connection: object) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)  # type: ignore[arg-type]
    with context.begin_transaction():
        context.run_migrations()


if given is not None:
    migrate(given)
else:
    with create_engine(os.environ["NUMERO_NERO_STORE__URL"]).begin() as opened:
        migrate(opened)
