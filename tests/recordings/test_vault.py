"""Recordings in the vault: their keys in the database, deletion by deletion of the key."""

from datetime import date
from pathlib import Path

import pytest

from ivr.store.database import Database
from ivr.store.schema import Recording, RecordingKey
from recordings.keys.ring import ANONYMISED, COPIES, ORIGINAL, Kek, KeyProblem
from recordings.sealed import Damaged, context
from recordings.vault import Forgotten, Vault, forget, stored_name, stored_names, wrapped
from tests.recordings.conftest import MORNING, add_call

DAY = date(2026, 11, 24)
SOUND = b"what was said" * 10_000


def record(database: Database, vault: Vault, number: int = 1) -> Recording:
    """A recording with both copies."""
    id, call = f"call-{number}", f"call{number}"
    row = Recording(
        id=id, call_id=call, day=DAY, file=stored_name(DAY, id, ORIGINAL), seconds=1.0, bytes=len(SOUND), sha256="",
        complete=True, stored_at=MORNING, purged_at=None,
    )  # fmt: skip
    add_call(database, call)
    with database.transaction() as session:
        session.add(row)
        session.flush()
        for copy in COPIES:
            vault.keep(session, id, copy, vault.put(stored_name(DAY, id, copy), id, copy, [SOUND]))
    return row


def test_what_was_put_is_read_and_lies_nowhere_in_the_clear(database: Database, vault: Vault, tmp_path: Path) -> None:
    row = record(database, vault)
    with database.read() as session:
        assert vault.open(session, row.id, DAY).read(100) == SOUND[:100]
        assert vault.open(session, row.id, DAY, ANONYMISED).size == len(SOUND)
    files = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert {path.relative_to(tmp_path / "kept").as_posix() for path in files} == set(stored_names(DAY, row.id))
    assert all(b"was said" not in path.read_bytes() for path in files)


def test_originals_and_anonymised_copies_have_different_keys(database: Database, vault: Vault, tmp_path: Path) -> None:
    row = record(database, vault)
    with database.read() as session:
        rows = {one.copy: one for one in session.query(RecordingKey)}
    keks = {copy: rows[copy].kek for copy in COPIES}
    keys = {copy: vault.ring.get(keks[copy]).unwrap(rows[copy].wrapped, context(row.id, copy)) for copy in COPIES}
    assert keys[ORIGINAL] != keys[ANONYMISED] and keks[ORIGINAL] != keks[ANONYMISED]
    (tmp_path / "keys" / keks[ORIGINAL]).unlink()  # who has the keys of the anonymised copies only
    with database.read() as session:
        assert vault.open(session, row.id, DAY, ANONYMISED).read(10) == SOUND[:10]
        with pytest.raises(KeyProblem, match=keks[ORIGINAL]):
            vault.open(session, row.id, DAY)


def test_files_that_were_exchanged_do_not_open(database: Database, vault: Vault, tmp_path: Path) -> None:
    one, other = record(database, vault, 1), record(database, vault, 2)
    first, second = (tmp_path / "kept" / row.file for row in (one, other))
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    with database.read() as session:
        for row in (one, other):
            with pytest.raises(Damaged, match=row.file):
                vault.open(session, row.id, DAY)


def test_rows_of_keys_that_were_exchanged_do_not_open(database: Database, vault: Vault) -> None:
    one, other = record(database, vault, 1), record(database, vault, 2)
    with database.transaction() as session:
        session.get_one(RecordingKey, (one.id, ORIGINAL)).wrapped = session.get_one(
            RecordingKey, (other.id, ORIGINAL)
        ).wrapped
    with database.read() as session, pytest.raises(KeyProblem, match=f"data key of original/{one.id}"):
        vault.open(session, one.id, DAY)


def test_forgotten_is_gone_though_the_file_is_there(database: Database, vault: Vault, tmp_path: Path) -> None:
    row, other = record(database, vault, 1), record(database, vault, 2)
    with database.transaction() as session:
        forget(session, row.id)
    with database.read() as session:
        for copy in COPIES:
            with pytest.raises(Forgotten, match=f"{row.id} has no key of its {copy} copy"):
                vault.open(session, row.id, DAY, copy)
        assert vault.open(session, other.id, DAY).read(3) == SOUND[:3]
    assert (tmp_path / "kept" / row.file).exists()
    for name in stored_names(DAY, row.id):
        vault.store.delete(name)
    assert sorted(vault.store.names()) == sorted(stored_names(DAY, other.id))


def test_sqlite_keeps_no_byte_of_a_forgotten_key(vault: Vault, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    database.migrate()
    for number in range(20):
        record(database, vault, number)
    with database.read() as session:
        gone = [bytes(one.wrapped) for one in session.query(RecordingKey) if one.recording_id != "call-7"]
        kept = [bytes(one.wrapped) for one in session.query(RecordingKey) if one.recording_id == "call-7"]
    files = sorted(tmp_path.glob("store.sqlite3*"))
    assert any(gone[0] in file.read_bytes() for file in files)
    with database.transaction() as session:
        for number in range(20):
            if number != 7:
                forget(session, f"call-{number}")
    with database.read() as session:  # somebody who still sees the state before
        session.query(RecordingKey).first()
        assert not database.scrub()
    assert database.scrub()
    left = b"".join(file.read_bytes() for file in sorted(tmp_path.glob("store.sqlite3*")))
    assert all(key in left for key in kept)
    assert not any(key in left for key in gone)


def test_the_description_of_the_form_is_true(database: Database, vault: Vault, tmp_path: Path) -> None:
    """What docs/recordings-format.md says about opening one by hand, done as it stands there."""
    row = record(database, vault)
    with database.read() as session:
        key = session.get_one(RecordingKey, (row.id, ORIGINAL))
    given = {
        "recording_id": row.id.encode(),
        "kek": (tmp_path / "keys" / key.kek).read_text(),
        "wrapped": key.wrapped,
        "file": (tmp_path / "kept" / row.file).read_bytes(),
    }
    lines = Path("docs/recordings-format.md").read_text("utf-8").partition("## Opening one by hand")[2].splitlines()
    exec("\n".join(line[4:] for line in lines if line.startswith("    ")), given)  # noqa: S102
    assert given["sound"] == SOUND and len(key.wrapped) == 60


def test_a_key_that_does_not_come_back_keeps_nothing() -> None:
    class Broken:
        id = "original-1"

        def wrap(self, key: bytes, bound: bytes) -> bytes:
            return key

        def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
            return bytes(32)

    kek: Kek = Broken()
    with pytest.raises(KeyProblem, match="does not unwrap what it wraps"):
        wrapped(kek, "call-1", ORIGINAL, b"\x01" * 32)
