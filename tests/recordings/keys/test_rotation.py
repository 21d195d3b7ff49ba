"""New key-encryption keys: every data key is wrapped anew, and not a byte of sound."""

import multiprocessing
import os
import signal
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from ivr.store.database import Database
from ivr.store.schema import Recording, RecordingKey
from recordings.keys import rotation
from recordings.keys.ring import ANONYMISED, COPIES, ORIGINAL, KeyProblem
from recordings.keys.rotation import StillNeeded, listed, remove, rewrap
from recordings.vault import Vault, stored_name
from tests.recordings.conftest import MORNING, add_call, folder_vault

DAY = date(2026, 11, 24)
MANY = 30


@pytest.fixture
def vault(database: Database, tmp_path: Path) -> Vault:
    """With many recordings, both copies of each."""
    vault = folder_vault(tmp_path)
    for copy in COPIES:
        vault.ring.places[0].make(f"{copy}-1")
    add_call(database, "call", MORNING)
    with database.transaction() as session:
        for number in range(MANY):
            id = f"call-{number}"
            session.add(
                Recording(
                    id=id, call_id="call", day=DAY, file=id, seconds=1.0, bytes=1, sha256="", complete=True,
                    stored_at=MORNING, purged_at=None,
                )
            )  # fmt: skip
            session.flush()
            for copy in COPIES:
                vault.keep(
                    session, id, copy, vault.put(stored_name(DAY, id, copy), id, copy, [f"{id} {copy}".encode()])
                )
    return vault


def all_open(database: Database, vault: Vault) -> bool:
    with database.read() as session:
        return all(
            vault.open(session, f"call-{number}", DAY, copy).read() == f"call-{number} {copy}".encode()
            for number in range(MANY)
            for copy in COPIES
        )


def wraps(database: Database, vault: Vault) -> dict[str, tuple[str, int]]:
    with database.read() as session:
        return {one.id: (one.state, one.wraps) for one in listed(session, vault.ring)}


def test_all_data_keys_move_and_the_sound_stays(
    database: Database, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 7)
    before = {path: path.read_bytes() for path in (tmp_path / "kept").rglob("*.*") if path.is_file()}
    old, other = vault.ring.current(ORIGINAL).id, vault.ring.current(ANONYMISED).id
    new = vault.ring.make(ORIGINAL)
    assert new != old and vault.ring.current(ORIGINAL).id == new
    assert all_open(database, vault), "the old one opens what it has wrapped"
    with pytest.raises(StillNeeded, match=f"{old} still wraps {MANY} data keys; `ivr keys rewrap`"):
        remove(database, vault.ring, old, "anna")
    done = rewrap(database, vault.ring, ORIGINAL)
    assert (done.kek, done.keys, done.problems) == (new, MANY, [])
    assert wraps(database, vault) == {old: ("former", 0), new: ("in use", MANY), other: ("in use", MANY)}
    assert rewrap(database, vault.ring, ORIGINAL).keys == 0
    with pytest.raises(StillNeeded, match=f"{new} is the one in use"):
        remove(database, vault.ring, new, "anna")
    remove(database, vault.ring, old, "anna")
    assert not (tmp_path / "keys" / old).exists()
    assert all_open(database, vault)
    assert {path: path.read_bytes() for path in before} == before


def test_what_cannot_be_opened_is_named_and_stops_nothing_else(database: Database, vault: Vault) -> None:
    with database.transaction() as session:
        session.execute(update(RecordingKey).where(RecordingKey.recording_id == "call-5").values(wrapped=bytes(60)))
    vault.ring.make(ORIGINAL)
    done = rewrap(database, vault.ring, ORIGINAL)
    assert done.keys == MANY - 1
    (problem,) = done.problems
    assert problem.startswith("call-5: the key original-") and "does not open" in problem


def test_a_key_that_is_missing_is_listed_and_named(database: Database, vault: Vault, tmp_path: Path) -> None:
    old = vault.ring.current(ORIGINAL).id
    (tmp_path / "keys" / old).rename(tmp_path / "elsewhere")
    new = vault.ring.current(ORIGINAL).id
    assert wraps(database, vault)[old] == ("missing", MANY) and wraps(database, vault)[new] == ("in use", 0)
    done = rewrap(database, vault.ring, ORIGINAL)
    assert done.keys == 0 and len(done.problems) == MANY and "bring it back" in done.problems[0]
    with pytest.raises(KeyProblem, match=old):
        remove(database, vault.ring, old, "anna")
    (tmp_path / "elsewhere").rename(tmp_path / "keys" / old)
    assert rewrap(database, vault.ring, ORIGINAL).keys == MANY and all_open(database, vault)


def _die_in_the_second_batch(url: str, folder: Path) -> None:
    rotation.BATCH, keep, calls = 7, rotation.wrapped, []

    def wrapped(*arguments: object) -> bytes:
        calls.append(1)
        if len(calls) == 10:
            os.kill(os.getpid(), signal.SIGKILL)
        return keep(*arguments)  # type: ignore[arg-type]

    rotation.wrapped = wrapped
    rewrap(Database(url), folder_vault(folder).ring, ORIGINAL)


def test_cut_off_in_the_midst_it_goes_on(database: Database, vault: Vault, tmp_path: Path) -> None:
    vault.ring.make(ORIGINAL)
    url = database.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=_die_in_the_second_batch, args=(url, tmp_path))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert all_open(database, vault)
    assert rewrap(database, vault.ring, ORIGINAL).keys == MANY - 7
    assert all_open(database, vault)
    with database.read() as session:
        kept = session.scalars(select(func.count()).where(RecordingKey.kek == vault.ring.current(ORIGINAL).id)).one()
    assert kept == MANY
