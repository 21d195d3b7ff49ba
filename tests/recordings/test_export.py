from pathlib import Path

import pytest

from ivr.store.database import Database
from ivr.store.schema import Recording
from recordings import catalogue
from recordings.export import export
from recordings.ingest import ingest
from recordings.sealed import Damaged
from recordings.vault import Vault
from tests.recordings.conftest import ROME, add_call
from tests.recordings.spooled import spooled


@pytest.fixture
def entry(database: Database, vault: Vault, tmp_path: Path) -> catalogue.Entry:
    add_call(database, "call")
    ingest(database, vault, spooled(tmp_path, "call-1", bytes(range(256)) * 4000), ROME)
    with database.read() as session:
        return catalogue.get(session, "call-1")


def test_the_wav_for_its_owner_alone_and_nothing_is_overwritten_unasked(
    database: Database, vault: Vault, entry: catalogue.Entry, tmp_path: Path
) -> None:
    target = tmp_path / "out.wav"
    export(database, vault, entry, target)
    assert target.read_bytes()[44:] == bytes(range(256)) * 4000
    assert target.stat().st_mode & 0o077 == 0
    with pytest.raises(catalogue.CatalogueError, match="--force"):
        export(database, vault, entry, target)
    target.write_bytes(b"x")
    export(database, vault, entry, target, force=True)
    assert target.stat().st_size == 44 + 256 * 4000


def test_what_is_damaged_is_refused_and_leaves_no_file(
    database: Database, vault: Vault, entry: catalogue.Entry, tmp_path: Path
) -> None:
    file, target = tmp_path / "kept" / entry.file, tmp_path / "out.wav"
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.write_bytes(content)
    with pytest.raises(Damaged, match="chunk 0"):
        export(database, vault, entry, target)
    assert [path.name for path in tmp_path.glob("*out.wav*")] == []


def test_sound_that_is_not_the_rows_is_refused(
    database: Database, vault: Vault, entry: catalogue.Entry, tmp_path: Path
) -> None:
    with database.transaction() as session:
        session.get_one(Recording, entry.id).sha256 = "0" * 64
    with database.read() as session:
        entry = catalogue.get(session, entry.id)
    with pytest.raises(catalogue.CatalogueError, match="not what was stored"):
        export(database, vault, entry, tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()
    with pytest.raises(catalogue.CatalogueError, match="No such file"):
        export(database, vault, entry, tmp_path / "no/folder/out.wav")
