"""`ivr purge verify` finds what somebody left, took, or put there; each kind is made here by hand."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ivr.store.database import Database
from ivr.store.schema import PurgeEntry, Recording, RecordingKey, Sample, SampleItem
from tests.recordings.before import keep_before
from tests.recordings.house import House, at

NIGHT = "2027-07-01T03:00"


def clean(house: House) -> None:
    """One recording that is gone, one that is kept."""
    house.record("gone", at("2027-01-01T10:00"))
    house.record("kept", at("2027-01-02T10:00"))
    house.run(NIGHT)
    assert house.found(NIGHT) == []


def reviewed(session: Session, *recordings: str) -> None:
    """All of them a sample, by rossi."""
    now = datetime.now(UTC)
    session.add(Sample(name="s", drawn_at=now, drawn_by="rossi", seed=1, asked={}, strata=[], left_out=0))
    session.flush()
    for place, id in enumerate(recordings, 1):
        session.add(
            SampleItem(
                recording_id=id, sample="s", place=place, stratum=0, state="reviewed", reviewed_by="rossi",
                reviewed_at=now,
            )
        )  # fmt: skip


def names(database: Database) -> dict[str, str]:
    with database.read() as session:
        return {row.recording_id: row.reviewed_by for row in session.scalars(select(SampleItem))}


def test_what_is_over_and_there_is_found_until_it_is_gone(house: House) -> None:
    house.record("a", at("2027-01-01T10:00"))
    assert house.found("2027-06-30T23:59") == []
    assert house.found(NIGHT) == [("overdue", "a-1"), ("number", "1 calls")]
    assert "had to be gone on 2027-07-01" in house.findings(NIGHT)[0].message


def test_a_key_that_is_left(house: House) -> None:
    clean(house)
    with house.database.transaction() as session:
        session.add(
            RecordingKey(recording_id="gone-1", copy="original", kek="k", wrapped=b"w", created_at=datetime.now(UTC))
        )
    assert house.found(NIGHT) == [("key-without-row", "gone-1")]


def test_the_name_of_who_reviewed_what_is_deleted(house: House) -> None:
    """The purge takes it; here somebody has put it back."""
    clean(house)
    with house.database.transaction() as session:
        reviewed(session, "gone-1", "kept-1")
    assert house.found(NIGHT) == [("name-left", "gone-1")]
    house.run("2027-07-02T03:00")
    assert names(house.database) == {"gone-1": "rossi", "kept-1": ""}, "each once, when it is deleted"


def test_names_that_stand_from_before_are_emptied_by_the_migration(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'before.sqlite3'}")
    database.migrate("0016")
    with database.transaction() as session:
        keep_before(session, {1: NIGHT, 2: None})
        reviewed(session, "call-1", "call-2")
    database.migrate()
    assert names(database) == {"call-1": "", "call-2": "rossi"}


def test_files_without_a_row_and_rows_without_a_file(house: House) -> None:
    clean(house)
    house.store.delete("2027/01/02/kept-1.original")
    house.store.put("2027/01/02/other-1.original", [b"x"])
    house.store.put("notes.txt", [b"x"])
    house.store.put("2020/02/30/odd.original", [b"x"])
    assert sorted(house.found(NIGHT)) == [
        ("file-without-row", "2020/02/30/odd.original"),
        ("file-without-row", "2027/01/02/other-1.original"),
        ("file-without-row", "notes.txt"),
        ("row-without-file", "kept-1"),
    ]
    house.store.delete("2027/01/02/kept-1.anonymised")
    house.store.delete("2027/01/02/other-1.original")
    assert ("row-without-file", "kept-1") in house.found(NIGHT), "nor is any file of that day there"


def test_a_deletion_without_its_line_and_a_line_without_a_deletion(house: House) -> None:
    clean(house)
    with house.database.transaction() as session:
        session.execute(
            update(Recording).where(Recording.id == "kept-1").values(purged_at=at(NIGHT), erased_at=at(NIGHT))
        )
        session.execute(delete(RecordingKey))
        session.execute(update(Recording).where(Recording.id == "gone-1").values(purged_at=None))
    found = house.found(NIGHT)
    assert ("no-line", "kept-1") in found and ("line-of-a-kept", "gone-1") in found


def test_a_ledger_that_was_altered_in_the_store_or_ends_too_early(house: House) -> None:
    clean(house)
    name = "ledger/0000000001.jsonl"
    whole = house.store.read(name, 0, 1000)
    house.store.put(name, [whole.replace(b"gone-1", b"none-1")])
    assert [kind for kind, _ in house.found(NIGHT)] == ["ledger"]
    house.store.put(name, [b"{"])
    assert "is damaged" in house.findings(NIGHT)[0].message
    house.store.delete(name)
    assert "ends at line 0, the database's at 1" in house.findings(NIGHT)[0].message
    house.store.put(name, [whole])
    assert house.found(NIGHT) == []


def test_a_ledger_that_was_altered_in_the_database(house: House) -> None:
    clean(house)
    with house.database.transaction() as session:
        # Past the trigger, which refuses a change: a line more.
        session.add(
            PurgeEntry(
                seq=2,
                recording_id="never",
                day=at(NIGHT).date(),
                purged_at=at(NIGHT),
                rule="",
                sha256="",
                hash="f" * 64,
            )
        )
    assert house.found(NIGHT) == [("ledger", "entry 2")]
