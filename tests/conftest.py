"""A store of its own for each test, once on SQLite and once on PostgreSQL."""

import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import create_engine, text

from ivr.store.database import Database
from tests import postgresql, s3

_numbers = count()
# What a shell starts in the background ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgresql_address() -> Iterator[str]:
    """With `{}` for the name of a database; `migrated` has the tables, and is there to be copied."""
    with TemporaryDirectory(prefix="ivr-pg-") as folder, postgresql.server(Path(folder)) as address:
        _run(address, "CREATE DATABASE migrated")
        one = Database(address.format("migrated"))
        one.migrate()
        one.engine.dispose()
        yield address


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """Of a real S3 server with one bucket, which all tests share."""
    with s3.server() as address:
        yield address


@pytest.fixture
def postgresql_url(postgresql_address: str) -> Iterator[str]:
    """A database of its own, with the tables in it."""
    name = f"test_{next(_numbers)}"
    _run(postgresql_address, f"CREATE DATABASE {name} TEMPLATE migrated")
    yield postgresql_address.format(name)
    _run(postgresql_address, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "postgresql":
        one = Database(request.getfixturevalue("postgresql_url"))
    else:
        one = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
        one.migrate()
    yield one
    one.engine.dispose()


def _run(address: str, statement: str) -> None:
    engine = create_engine(address.format("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
