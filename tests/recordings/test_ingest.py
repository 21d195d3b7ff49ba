import io
import os
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import rmtree

import numpy as np
import pytest
import soundfile

from ivr.store.database import Database
from ivr.store.schema import Recording, RecordingKey
from recordings import catalogue, spool
from recordings.ingest import ingest, sweep
from recordings.stores.folder import Folder
from recordings.vault import Vault, forget
from tests.recordings.conftest import ROME, add_call, end_call
from tests.recordings.spooled import sound_of, spooled

DAY = date(2026, 11, 24)
SOUND = np.stack([np.full(16000, 1000), np.full(16000, -2000)], axis=1).astype("<i2").tobytes()


@pytest.fixture
def raw(database: Database, tmp_path: Path) -> Path:
    add_call(database, "call")
    return again(tmp_path / "call-1")


def again(folder: Path, content: bytes = SOUND, rate: int = 8000) -> Path:
    """The sound in the spool, once more."""
    spooled(folder.parent, folder.name, content, rate)
    with spool.files(folder, rate)[0].open("ab") as file:
        file.write(b"\x01")  # Asterisk was cut off within a sample
    return folder


def kept(database: Database, vault: Vault, id: str = "call-1") -> tuple[np.ndarray, int]:
    """What a recording sounds like, and its rate."""
    with database.read() as session:
        sound = vault.open(session, id, DAY)
    return soundfile.read(io.BufferedReader(sound), dtype="int16")


def stored(vault: Vault) -> list[str]:
    return list(vault.store.names())


def test_a_raw_conversation_becomes_a_sealed_wav_and_a_row(
    database: Database, vault: Vault, raw: Path, tmp_path: Path
) -> None:
    assert ingest(database, vault, raw, ROME, expected=2.0) == "call-1"
    assert not raw.exists()
    samples, rate = kept(database, vault)
    assert samples.shape == (16000, 2) and rate == 8000
    assert (samples == [1000, -2000]).all()
    with database.read() as session:
        entry = catalogue.meant(session, "call")
        assert entry == catalogue.get(session, "call-1")
        for part in ("call", "call-", "c", ""):
            with pytest.raises(catalogue.CatalogueError):
                catalogue.get(session, part)
    assert entry.complete and entry.seconds == 2.0 and entry.day == DAY
    assert stored(vault) == [entry.file]
    content = (tmp_path / "kept" / entry.file).read_bytes()
    assert b"RIFF" not in content and bytes(samples[:8].tobytes()) not in content


def test_wideband_keeps_its_rate(database: Database, vault: Vault, raw: Path) -> None:
    rmtree(raw)
    ingest(database, vault, again(raw, rate=16000), ROME, expected=1.0)
    samples, rate = kept(database, vault)
    assert rate == 16000 and len(samples) == 16000
    with database.read() as session:
        row = session.get_one(Recording, "call-1")
    assert (row.rate, row.seconds, row.complete, row.bytes) == (16000, 1.0, True, 44 + 64000)


def test_doing_it_again_after_a_crash_makes_no_second_one(database: Database, vault: Vault, raw: Path) -> None:
    ingest(database, vault, raw, ROME)
    with database.read() as session:
        before = session.get_one(RecordingKey, ("call-1", "original")).wrapped
    again(raw)  # the crash came before the raw file was removed
    assert ingest(database, vault, raw, ROME) == "call-1"
    assert not raw.exists() and len(stored(vault)) == 1
    with database.read() as session:
        assert len(catalogue.find(session).rows) == 1
        assert session.get_one(RecordingKey, ("call-1", "original")).wrapped == before, "it was not stored anew"


@pytest.mark.parametrize("harm", ["altered", "gone", "key gone"])
def test_the_raw_sound_mends_a_stored_copy_that_is_harmed(
    database: Database, vault: Vault, raw: Path, tmp_path: Path, harm: str
) -> None:
    ingest(database, vault, raw, ROME)
    file = tmp_path / "kept" / stored(vault)[0]
    match harm:
        case "altered":
            file.write_bytes(file.read_bytes()[:-1] + b"\x00")
        case "gone":
            file.unlink()
        case _:
            with database.transaction() as session:
                forget(session, "call-1")
    again(raw)
    assert ingest(database, vault, raw, ROME) == "call-1"
    assert not raw.exists() and len(kept(database, vault)[0]) == 16000


def test_more_sound_under_the_same_name_takes_the_place_of_less(database: Database, vault: Vault, raw: Path) -> None:
    ingest(database, vault, raw, ROME)
    again(raw, SOUND * 2)
    assert ingest(database, vault, raw, ROME) == "call-1"
    assert len(kept(database, vault)[0]) == 32000
    with database.read() as session:
        assert session.get_one(Recording, "call-1").seconds == 4.0


def test_other_sound_under_the_same_name_loses_neither(
    database: Database, vault: Vault, raw: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ingest(database, vault, raw, ROME)
    other = b"\x07\x00" * 1000
    again(raw, other)
    assert ingest(database, vault, raw, ROME) is None
    assert sound_of(raw) == other and "stays in the spool" in caplog.text
    assert len(kept(database, vault)[0]) == 16000


def test_what_was_deleted_does_not_come_back_from_the_spool(database: Database, vault: Vault, raw: Path) -> None:
    ingest(database, vault, raw, ROME)
    with database.transaction() as session:
        forget(session, "call-1")
        session.get_one(Recording, "call-1").purged_at = datetime.now(UTC)
    vault.store.delete(stored(vault)[0])
    again(raw)
    assert ingest(database, vault, raw, ROME) is None
    assert not raw.exists() and stored(vault) == []


def test_several_at_once_make_one(database: Database, vault: Vault, raw: Path) -> None:
    made: list[str | None] = []
    threads = [threading.Thread(target=lambda: made.append(ingest(database, vault, raw, ROME))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["call-1"] * 6
    assert not raw.exists() and len(stored(vault)) == 1
    assert len(kept(database, vault)[0]) == 16000


def test_a_folder_that_takes_nothing_leaves_the_raw_file(
    database: Database, vault: Vault, raw: Path, tmp_path: Path
) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/2026").symlink_to("/dev/full")
    assert ingest(database, vault, raw, ROME) is None
    assert raw.exists()
    (tmp_path / "kept/2026").unlink()
    assert ingest(database, vault, raw, ROME) == "call-1"


def test_a_store_that_gives_back_something_else_leaves_the_raw_file(
    database: Database, vault: Vault, raw: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Forgetful(Folder):
        """A disk that says it has written, and has not."""

        def read(self, name: str, start: int, length: int) -> bytes:
            return super().read(name, start, length) if start == 0 else bytes(length)

    bad = Vault(Forgetful(tmp_path / "kept"), vault.ring)
    assert ingest(database, bad, raw, ROME) is None
    assert raw.exists() and "does not open" in caplog.text and "stays in the spool" in caplog.text
    with database.read() as session:
        assert catalogue.find(session).rows == []
    assert ingest(database, vault, raw, ROME) == "call-1"


def test_without_its_key_nothing_is_stored_and_the_raw_file_stays(
    database: Database, vault: Vault, raw: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/original-99999999999999").write_text("not hex digits")
    assert ingest(database, vault, raw, ROME) is None
    assert raw.exists() and stored(vault) == [] and "64 hex digits" in caplog.text


def test_sound_of_no_call_and_no_sound(database: Database, vault: Vault, raw: Path) -> None:
    other = raw.rename(raw.with_name("unknown-1"))
    assert ingest(database, vault, other, ROME) is None and other.exists()
    again(raw, b"")
    assert ingest(database, vault, raw, ROME) is None and not raw.exists()
    raw.mkdir()
    assert ingest(database, vault, raw, ROME) is None and not raw.exists()
    assert ingest(database, vault, raw, ROME) is None
    assert stored(vault) == []


def test_the_sweep_takes_what_nobody_writes_to_any_more(database: Database, vault: Vault, raw: Path) -> None:
    assert sweep(database, vault, raw.parent, ROME) == 0 and raw.exists()
    for path in (raw, *raw.iterdir()):
        os.utime(path, (time.time() - 60,) * 2)
    assert sweep(database, vault, raw.parent, ROME) == 0, "its call goes on, perhaps paused"
    end_call(database, "call")
    assert sweep(database, vault, raw.parent, ROME) == 1 and not raw.exists()


def test_a_direction_that_lost_something_is_silent_there_and_the_recording_marked(
    database: Database, vault: Vault, raw: Path
) -> None:
    heard = raw / "heard.sln"
    os.truncate(heard, 4000 * 2)
    ingest(database, vault, raw, ROME)
    samples, _ = kept(database, vault)
    assert len(samples) == 16000 and (samples[:4000] == [1000, -2000]).all() and (samples[4000:] == [1000, 0]).all()
    with database.read() as session:
        assert not catalogue.get(session, "call-1").complete


def test_a_recording_that_lost_something_is_marked(database: Database, vault: Vault, raw: Path) -> None:
    ingest(database, vault, raw, ROME, expected=30.0)
    with database.read() as session:
        assert not catalogue.get(session, "call-1").complete
