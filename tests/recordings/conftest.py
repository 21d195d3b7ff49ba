"""A store of its own for each test."""

from pathlib import Path

import pytest

from ivr.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    one = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    one.migrate()
    return one
