"""A vault in a folder, conversations in a spool, a house with recordings."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.store import calls
from ivr.store.database import Database
from recordings.keys.files import Files
from recordings.keys.ring import Ring
from recordings.stores.folder import Folder
from recordings.vault import Vault
from tests.recordings.house import House
from tests.recordings.house import house as build

ROME = "Europe/Rome"
MORNING = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return folder_vault(tmp_path)


def folder_vault(folder: Path) -> Vault:
    """Its files are in `kept`, its keys in `keys`."""
    return Vault(Folder(folder / "kept"), Ring([Files(folder / "keys")]))


def add_call(database: Database, call: str, started: datetime = MORNING) -> None:
    with database.transaction() as session:
        calls.start(
            session, id=call, channel=f"ch-{call}", controller="c", called="1", caller="", flow="f", started_at=started
        )


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return build(database, tmp_path / "house")
