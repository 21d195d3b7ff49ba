"""Originals that are destroyed when their copy is there: only these, with a line each, and nothing brings them back."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from anonymizer.sound import Samples
from ivr.store import backup
from ivr.store.database import Database
from ivr.store.schema import PurgeEntry, Recording, RecordingKey
from recordings import holds, ledger, originals
from recordings.copies import Terms
from recordings.destruction import destroy
from recordings.holds import Target
from recordings.ingest import ingest
from recordings.keys.ring import ANONYMISED, ORIGINAL
from recordings.vault import Forgotten, Vault
from tests.recordings.conftest import ROME, add_recording, folder_vault
from tests.recordings.house import House
from tests.recordings.spooled import spooled
from tests.recordings.test_copies import heard, make

DESTROY = Terms(destroy=True)
TODAY = date(2026, 11, 25)
NIGHT = "2027-05-24T03:00"


def copies(vault: Vault) -> set[str]:
    return {name.rpartition("/")[2] for name in vault.store.names() if not name.startswith("ledger/")}


def test_with_the_copy_in_place_the_original_goes_and_the_copy_is_deleted_in_its_night(
    house: House, hiss: Samples
) -> None:
    database, vault = house.database, folder_vault(house.root)
    ids = [add_recording(database, vault, house.spool, f"call-{number}", hiss) for number in range(3)]
    assert destroy(database, vault.store, house.spool, TODAY) == 0, "none has a copy"
    make(database, vault)
    make(database, vault, DESTROY)
    assert copies(vault) == {f"{id}.original" for id in ids} | {f"{ids[2]}.anonymised.1", f"{ids[1]}.anonymised.1"}
    assert destroy(database, vault.store, house.spool, TODAY) == 1
    assert f"{ids[1]}.original" not in copies(vault) and len(copies(vault)) == 4
    with pytest.raises(Forgotten):
        heard(database, vault, ids[1], ORIGINAL)
    assert len(heard(database, vault, ids[1])[0]) == len(hiss)
    assert heard(database, vault, ids[2], ORIGINAL), "made before the setting"
    assert house.found(str(TODAY) + "T12:00") == []
    with database.transaction() as session, pytest.raises(originals.Refusal, match="only that is left"):
        originals.ask(session, ids[1], reason="complaint", by="chief")
    assert len(house.run(NIGHT)) == 3 and copies(vault) == set() and house.found(NIGHT) == []
    with database.read() as session:
        lines = session.execute(select(PurgeEntry.recording_id, PurgeEntry.rule).order_by(PurgeEntry.seq)).all()
    assert sorted(id for id, _ in lines) == sorted([*ids, f"{ids[1]}.original"])
    assert lines[0] == (f"{ids[1]}.original", "its anonymised copy is there")


def test_what_is_held_keeps_its_original_until_the_hold_is_over(house: House, hiss: Samples) -> None:
    database, vault = house.database, folder_vault(house.root)
    id = add_recording(database, vault, house.spool, "call", hiss)
    make(database, vault, DESTROY)
    hold = holds.add(
        database, vault.store, Target("call", id), reason="court", until=date(2026, 12, 24), by="chief", today=TODAY
    )
    assert destroy(database, vault.store, house.spool, TODAY) == 0 and heard(database, vault, id, ORIGINAL)
    with database.transaction() as session:
        holds.lift(session, hold.id, "chief")
    assert destroy(database, vault.store, house.spool, TODAY) == 1


def test_a_backup_from_before_brings_no_original_back(house: House, hiss: Samples, tmp_path: Path) -> None:
    """Neither its key, which the ledger in the store takes away again, nor its file."""
    database, vault = house.database, folder_vault(house.root)
    id = add_recording(database, vault, house.spool, "call", hiss)
    make(database, vault, DESTROY)
    (file,) = (house.root / "kept").rglob("*.original")
    sealed, manifest = file.read_bytes(), backup.make(database, tmp_path / "backup")
    destroy(database, vault.store, house.spool, TODAY)

    file.write_bytes(sealed)
    backup.bring_back(tmp_path / "backup", manifest, database)
    assert heard(database, vault, id, ORIGINAL)
    assert ledger.settle(database, vault.store) == 1
    with pytest.raises(Forgotten):
        heard(database, vault, id, ORIGINAL)
    assert destroy(database, vault.store, house.spool, TODAY) == 0
    assert not file.exists() and len(heard(database, vault, id)[0]) == len(hiss)


def test_raw_sound_that_comes_back_makes_no_original(
    database: Database, vault: Vault, tmp_path: Path, hiss: Samples
) -> None:
    id = add_recording(database, vault, tmp_path / "spool", "call", hiss)
    make(database, vault, DESTROY)
    destroy(database, vault.store, tmp_path / "spool", TODAY)
    again = spooled(tmp_path / "spool", id, bytes(32000))
    assert ingest(database, vault, again, ROME) is None and not again.exists()
    with database.read() as session:
        keys = session.scalars(select(RecordingKey.copy).where(RecordingKey.recording_id == id)).all()
        assert keys == [ANONYMISED] and session.get_one(Recording, id).original_gone_at < datetime.now(UTC)  # type: ignore[operator]
