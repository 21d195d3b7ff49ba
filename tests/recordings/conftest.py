"""A vault in a folder, conversations in a spool, a house with recordings."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from anonymizer import to_pcm
from anonymizer.sound import Samples
from ivr.store import calls
from ivr.store.database import Database
from recordings.ingest import ingest
from recordings.keys.files import Files
from recordings.keys.ring import Ring
from recordings.stores.folder import Folder
from recordings.vault import Vault
from tests.anonymizer.conftest import RATE, spoken
from tests.recordings.house import House
from tests.recordings.house import house as build
from tests.recordings.spooled import spooled

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


def end_call(database: Database, call: str) -> None:
    with database.transaction() as session:
        calls.finish_lost(session, call, MORNING)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return build(database, tmp_path / "house")


@pytest.fixture(scope="session")
def talk() -> Samples:
    """A few seconds of conversation, as a call brings it."""
    citizen, operator = (spoken([one]) for one in (("it", "Buongiorno, vorrei pagare."), ("it", "Certo, mi dica.")))
    return np.stack([np.pad(citizen, (0, len(operator))), np.pad(operator, (len(citizen), 0))], axis=1)


@pytest.fixture(scope="session")
def hiss() -> Samples:
    """Half a second of noise: of so little speech the check refuses some copies, and another draw is tried."""
    return np.random.default_rng(1).normal(0, 0.05, (RATE // 2, 2)).astype(np.float32)


def add_recording(database: Database, vault: Vault, spool: Path, call: str, sound: Samples) -> str:
    """Ingested, as after the end of its call; returns its id."""
    add_call(database, call)
    spool.mkdir(exist_ok=True)
    assert ingest(database, vault, spooled(spool, f"{call}-1", to_pcm(sound)), ROME) == f"{call}-1"
    return f"{call}-1"
