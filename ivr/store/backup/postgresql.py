"""PostgreSQL's tables by COPY, as text: one file a table."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, Integer, inspect, text

from ivr.store.schema import AuditEntry, Base, PurgeEntry

PIECE = 1 << 20
# Only ever added to, also by the database's rules; in new tables there is nothing to take away.
ADDED_TO = (AuditEntry.__tablename__, PurgeEntry.__tablename__)


def copy_out(connection: Connection, folder: Path) -> dict[str, list[str]]:
    """Columns by table, each after those that it refers to. What is copied is what the connection's transaction sees.
    Raises OSError."""
    there, columns = inspect(connection), {}
    present = set(there.get_table_names())
    for table in (table.name for table in Base.metadata.sorted_tables if table.name in present):
        columns[table] = [str(column["name"]) for column in there.get_columns(table)]
        with (folder / f"{table}.copy").open("wb") as file, _cursor(connection) as cursor:
            os.fchmod(file.fileno(), 0o600)
            with cursor.copy(_copy(table, columns[table], "TO STDOUT")) as copy:
                for piece in copy:
                    file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    return columns


def copy_in(connection: Connection, folder: Path, columns: Mapping[str, list[str]]) -> None:
    """Into tables that the migrations have made just now. Raises OSError."""
    for table in reversed([*columns]):
        if table not in ADDED_TO:
            connection.execute(Base.metadata.tables[table].delete())  # what migrations put in
    for table, names in columns.items():
        with (
            (folder / f"{table}.copy").open("rb") as file,
            _cursor(connection) as cursor,
            cursor.copy(_copy(table, names, "FROM STDIN")) as copy,
        ):
            while piece := file.read(PIECE):
                copy.write(piece)
    for table in columns:
        for key in Base.metadata.tables[table].primary_key:
            if isinstance(key.type, Integer):  # one without a sequence has none to set
                connection.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table}', '{key.name}'),"  # noqa: S608 our own names
                        f" (SELECT coalesce(max({key.name}), 0) + 1 FROM {table}), false)"
                    )
                )


def drop(connection: Connection) -> None:
    """All that the migrations have made."""
    for table in [*Base.metadata.tables, "alembic_version"]:
        connection.execute(text(f"DROP TABLE IF EXISTS {table} CASCADE"))
    for table in ADDED_TO:
        connection.execute(text(f"DROP FUNCTION IF EXISTS {table}_only_added() CASCADE"))


def _cursor(connection: Connection) -> Any:
    driver: Any = connection.connection.driver_connection
    return driver.cursor()


def _copy(table: str, columns: list[str], way: str) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) " + way).format(sql.Identifier(table), names)
