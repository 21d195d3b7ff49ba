"""Anonymised copies when who makes them is killed before any step: nothing is lost, and nothing is done twice."""

import os
import signal
import sys
import time
from datetime import date
from itertools import count
from pathlib import Path

from sqlalchemy import select

from anonymizer.sound import Samples
from ivr.store import anonymisations
from ivr.store.database import Database
from ivr.store.schema import PurgeEntry, Recording, RecordingKey
from recordings import copies
from recordings.copies import Terms, make_next
from recordings.destruction import destroy
from recordings.keys.ring import ANONYMISED, ORIGINAL
from recordings.reader import whole
from recordings.vault import Forgotten, Vault, stored_name
from tests.recordings.conftest import add_recording, folder_vault
from tests.recordings.dying import DISK, die_before, run
from tests.recordings.house import House
from tests.recordings.test_copies import DAY, job, later, make

STEPS = DISK | {"commit"}
TODAY = date(2026, 11, 25)


def _make_and_die(step: int, url: str, folder: Path) -> None:
    database, vault = Database(url), folder_vault(folder)
    die_before(step, STEPS)
    made = make_next(database, vault, Terms(), "one that is killed", lambda: False)
    sys.setprofile(None)
    os._exit(0 if made else 1)


def _destroy_and_die(step: int, url: str, folder: Path) -> None:
    database, vault = Database(url), folder_vault(folder)
    die_before(step, STEPS)
    destroy(database, vault.store, folder / "spool", TODAY)
    sys.setprofile(None)
    os._exit(0)


def sound(database: Database, vault: Vault, id: str, copy: str = ANONYMISED) -> bytes:
    with database.read() as session:
        return b"".join(whole(vault.open(session, id, DAY, copy)))


def test_making_a_copy_anew(database: Database, vault: Vault, tmp_path: Path, hiss: Samples) -> None:
    """The former one is heard until the new one is in place."""
    id = add_recording(database, vault, tmp_path / "spool", "call", hiss)
    make(database, vault)
    url, original = database.url.render_as_string(hide_password=False), sound(database, vault, id, ORIGINAL)
    for step in count():
        former = sound(database, vault, id)
        with database.transaction() as session:
            anonymisations.want(session, [id])
        ended = run(_make_and_die, step, url, tmp_path)
        assert ended in (0, -signal.SIGKILL), (step, ended)
        now = sound(database, vault, id)
        is_done = job(database, id).state == "done"
        assert is_done == (now != former), "either the former copy, or the new one and nobody makes another"
        if not is_done:
            later(database, id)
            assert make(database, vault) and sound(database, vault, id) != former, step
        assert not make(database, vault), step
        assert sound(database, vault, id, ORIGINAL) == original
        with database.read() as session:
            in_place = session.get_one(RecordingKey, (id, ANONYMISED)).number
            begun = session.get_one(Recording, id).copies
        left = set(vault.store.names()) - {stored_name(DAY, id, ORIGINAL), stored_name(DAY, id, ANONYMISED, in_place)}
        assert left <= {stored_name(DAY, id, ANONYMISED, one) for one in range(begun)}, "the purge knows of them"
        if ended == 0:
            break
    assert step > 8, "there were hardly any steps"


def test_destroying_an_original(database: Database, house: House, tmp_path: Path, hiss: Samples) -> None:
    """From the line in the ledger on it is gone, and each has one line."""
    vault, url = folder_vault(house.root), database.url.render_as_string(hide_password=False)
    for step in count():
        id = add_recording(database, vault, house.spool, f"call-{step}", hiss)
        make(database, vault, Terms(destroy=True))
        copy = sound(database, vault, id)
        ended = run(_destroy_and_die, step, url, house.root)
        assert ended in (0, -signal.SIGKILL), (step, ended)
        destroy(database, vault.store, house.spool, TODAY)
        assert sound(database, vault, id) == copy
        try:
            sound(database, vault, id, ORIGINAL)
        except Forgotten:
            pass
        else:
            raise AssertionError(f"killed at step {step}, and the original is there")
        assert not [name for name in vault.store.names() if name.endswith(".original")]
        assert house.found("2026-11-26T03:00") == [], step
        with database.read() as session:
            lines = session.scalars(select(PurgeEntry.recording_id).order_by(PurgeEntry.seq)).all()
        assert lines == [f"call-{one}-1.original" for one in range(step + 1)]
        if ended == 0:
            break
    assert step > 5, "there were hardly any steps"


def _hang(url: str, folder: Path) -> None:
    copies.RENEW, copies.PATIENCE, copies.PATIENCE_A_SECOND = 0.05, 0.2, 0.0
    make_next(Database(url), folder_vault(folder), Terms(), "one that hangs", lambda: time.sleep(300) or False)


def test_who_hangs_is_ended_and_another_makes_it(
    database: Database, vault: Vault, tmp_path: Path, hiss: Samples
) -> None:
    id = add_recording(database, vault, tmp_path / "spool", "call", hiss)
    assert run(_hang, database.url.render_as_string(hide_password=False), tmp_path) == 1
    later(database, id)
    assert make(database, vault) and job(database, id).state == "done"
