"""The same purge, ledger and proof where recordings lie in S3: a real server answers."""

from dataclasses import replace
from pathlib import Path

from ivr.store.database import Database
from recordings import ledger
from recordings.stores.s3 import S3
from tests.recordings.house import at, house
from tests.s3 import make_bucket

NIGHT = "2027-07-01T03:00"


def test_what_is_over_goes_and_the_ledger_lies_beside_the_rest(tmp_path: Path, s3_address: str) -> None:
    make_bucket(s3_address, "purge")
    database = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    database.migrate()
    bucket = S3("purge", endpoint=s3_address, region="eu-south-1", access_key="tests", secret_key="tests")
    one = replace(house(database, tmp_path / "house"), elsewhere=bucket)
    for call in ("a", "b", "c"):
        one.record(call, at("2027-01-01T10:00"))
    kept = one.record("kept", at("2027-01-02T10:00"))
    one.store.put("2027/01/01/stray-1.original", [b"x"])
    assert {id for _, id in one.found(NIGHT)} >= {"a-1", "b-1", "c-1", "2027/01/01/stray-1.original"}
    assert sorted(purged.recording_id for purged in one.run(NIGHT)) == ["a-1", "b-1", "c-1", "stray-1"]
    assert one.files() == {f"2027/01/02/{kept}.original", f"2027/01/02/{kept}.anonymised"}
    assert sorted(one.store.names("ledger")) == ["ledger/0000000001.jsonl", "ledger/0000000004.jsonl"]
    assert [row["seq"] for row in ledger.read(one.store)] == [1, 2, 3, 4]
    assert one.found(NIGHT) == [] and one.run(NIGHT) == []
    database.engine.dispose()


def test_a_ledger_that_is_ahead_of_the_database_is_caught_up(tmp_path: Path, s3_address: str) -> None:
    """As after a restore by other means than ours."""
    make_bucket(s3_address, "ahead")
    databases = [Database(f"sqlite:///{tmp_path / name}.sqlite3") for name in ("now", "before")]
    bucket = S3("ahead", endpoint=s3_address, region="eu-south-1", access_key="tests", secret_key="tests")
    now, before = (
        replace(house(one, tmp_path / f"of-{number}"), elsewhere=bucket) for number, one in enumerate(databases)
    )
    for one in (now, before):
        one.database.migrate()
        one.record("a", at("2027-01-01T10:00"))
    now.run(NIGHT)
    assert ("ledger", "database") in before.found(NIGHT)
    assert [one.recording_id for one in before.run("2027-01-05T03:00")] == ["a-1"], "long before its own time"
    assert before.found("2027-01-05T03:00") == []
    for database in databases:
        database.engine.dispose()
