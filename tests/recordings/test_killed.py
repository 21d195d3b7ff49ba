"""Ingest is killed, as by `kill -9`, before each step that touches the disk or the database; nothing is ever lost."""

import os
import resource
import signal
import sys
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import delete

from ivr.store.database import Database
from ivr.store.schema import Anonymisation, CatalogueRow, Recording, RecordingKey
from recordings import catalogue
from recordings.ingest import ingest, sweep
from recordings.reader import whole
from recordings.sealed import CHUNK
from recordings.vault import Vault
from tests.recordings.conftest import ROME, add_call, folder_vault
from tests.recordings.dying import DISK, die_before, run
from tests.recordings.spooled import sound_of, spooled

DAY = date(2026, 11, 24)
SOUND = bytes(range(256)) * (3 * CHUNK // 256)
# `seal` once a chunk, in the midst of writing the file
STEPS = DISK | {"posix.rename", "posix.rmdir", "fcntl.flock", "seal", "commit"}


def _ingest_and_die(step: int, url: str, folder: Path, spooled: Path) -> None:
    database, vault = Database(url), folder_vault(folder)
    die_before(step, STEPS)
    made = ingest(database, vault, spooled, ROME)
    sys.setprofile(None)
    os._exit(0 if made == "call-1" else 1)


def _sound(database: Database, vault: Vault) -> bytes:
    with database.read() as session:
        assert [one.id for one in catalogue.find(session).rows] == ["call-1"]
        return b"".join(whole(vault.open(session, "call-1", DAY)))[44:]


def test_at_every_step(database: Database, vault: Vault, tmp_path: Path) -> None:
    add_call(database, "call")
    vault.ring.current("original")
    url, place = database.url.render_as_string(hide_password=False), tmp_path / "spool"
    place.mkdir()
    for step in count():
        folder = spooled(place, "call-1", SOUND)
        ended = run(_ingest_and_die, step, url, tmp_path, folder)
        assert ended in (0, -signal.SIGKILL), (step, ended)
        assert (folder.exists() and sound_of(folder) == SOUND) or _sound(database, vault) == SOUND, step
        if ended == 0:
            break
        assert ingest(database, vault, folder, ROME) == "call-1", step
        assert not folder.exists() and _sound(database, vault) == SOUND, step
        assert len(list(vault.store.names())) == 1
        sweep(database, vault, place, ROME)
        assert not list(place.iterdir()), "nothing is left of what was half removed"
        with database.transaction() as session:  # the next one finds nothing
            for table in (Anonymisation, CatalogueRow, RecordingKey, Recording):
                session.execute(delete(table))
        vault.store.delete(next(iter(vault.store.names())))
    assert step > 10, "there were hardly any steps"


def _fill_the_disk(url: str, folder: Path, spooled: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * CHUNK, 2 * CHUNK))  # the third chunk of any file fails
    os._exit(0 if ingest(Database(url), folder_vault(folder), spooled, ROME) is None else 1)


def test_a_disk_that_fills_in_the_midst(vault: Vault, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    database.migrate()
    add_call(database, "call")
    vault.ring.current("original")
    folder = spooled(tmp_path, "call-1", SOUND)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert run(_fill_the_disk, database.url.render_as_string(hide_password=False), tmp_path, folder) == 0
    assert sound_of(folder) == SOUND
    assert [path for path in (tmp_path / "kept").rglob("*") if path.is_file()] == [], "no half of it is left"
    assert ingest(database, vault, folder, ROME) == "call-1"
    assert _sound(database, vault) == SOUND
