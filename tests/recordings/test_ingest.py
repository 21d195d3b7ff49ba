import wave
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ivr.store import calls
from ivr.store.database import Database
from recordings import catalogue
from recordings.ingest import ingest

ROME = "Europe/Rome"


@pytest.fixture
def raw(database: Database, tmp_path: Path) -> Path:
    with database.transaction() as session:
        calls.start(
            session, id="call", channel="ch", controller="c", called="1", caller="", flow="f",
            started_at=datetime(2026, 11, 24, 9, tzinfo=UTC),
        )  # fmt: skip
    path = tmp_path / "call-1.raw"
    samples = np.stack([np.full(16000, 1000), np.full(16000, -2000)], axis=1).astype("<i2")
    path.write_bytes(samples.tobytes() + b"\x01")  # Asterisk was cut off within a frame
    return path


def test_a_raw_conversation_becomes_a_wav_and_a_row(database: Database, raw: Path, tmp_path: Path) -> None:
    assert ingest(database, raw, tmp_path / "kept", ROME, expected=2.0) == "call-1"
    assert not raw.exists()
    with wave.open(str(tmp_path / "kept/2026/11/24/call-1.wav")) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate(), sound.getnframes()) == (
            2,
            2,
            8000,
            16000,
        )
        assert np.frombuffer(sound.readframes(1), "<i2").tolist() == [1000, -2000]
    with database.read() as session:
        entry = catalogue.get(session, "call")
    assert entry.complete and entry.seconds == 2.0


def test_doing_it_again_after_a_crash_makes_no_second_one(database: Database, raw: Path, tmp_path: Path) -> None:
    content = raw.read_bytes()
    ingest(database, raw, tmp_path / "kept", ROME)
    raw.write_bytes(content)  # the crash came before the raw file was removed
    ingest(database, raw, tmp_path / "kept", ROME)
    with database.read() as session:
        assert len(catalogue.find(session).rows) == 1


def test_a_folder_that_takes_nothing_leaves_the_raw_file(database: Database, raw: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "2026").symlink_to("/dev/full")
    assert ingest(database, raw, kept, ROME) is None
    assert raw.exists()
    (kept / "2026").unlink()
    assert ingest(database, raw, kept, ROME) == "call-1"


def test_a_recording_that_lost_something_is_marked(database: Database, raw: Path, tmp_path: Path) -> None:
    ingest(database, raw, tmp_path / "kept", ROME, expected=30.0)
    with database.read() as session:
        assert not catalogue.get(session, "call-1").complete


def test_export_refuses_what_is_damaged(database: Database, raw: Path, tmp_path: Path) -> None:
    ingest(database, raw, tmp_path / "kept", ROME)
    with database.read() as session:
        entry = catalogue.get(session, "call-1")
    target = tmp_path / "out.wav"
    catalogue.export(entry, tmp_path / "kept", target)
    with pytest.raises(catalogue.CatalogueError, match="--force"):
        catalogue.export(entry, tmp_path / "kept", target)
    (tmp_path / "kept" / entry.file).write_bytes(b"x")
    with pytest.raises(catalogue.CatalogueError, match="damaged"):
        catalogue.export(entry, tmp_path / "kept", target, force=True)
