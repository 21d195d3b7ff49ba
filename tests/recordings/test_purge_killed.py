"""A purge that is killed at any step deletes nothing that is to be kept, and the next one finishes what it began."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from ivr.store.schema import PurgeEntry, RecordingKey
from recordings import ledger
from tests.recordings.house import House, at
from tests.recordings.spooled import spooled

NIGHT = "2027-07-01T03:00"
PROJECT = Path(__file__).parents[2]


def killed(house: House, step: int) -> bool:
    url = house.database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.recordings.killed", url, house.root, NIGHT, str(step)]
    status = subprocess.run(command, cwd=PROJECT, timeout=60).returncode
    assert status in (0, -9)
    return status == -9


def test_killed_at_each_step(house: House) -> None:
    kept = house.record("kept", at("2027-01-02T10:00"))
    step, over = 0, 0
    while True:
        step += 1
        # Each round has two of its own, one of them with raw sound that was left in the spool.
        ids = {house.record(f"over-{step}", at("2027-01-01T10:00"), part) for part in ("1", "2")}
        spooled(house.spool, f"over-{step}-1", bytes(400))
        over += len(ids)
        was_killed = killed(house, step)
        with house.database.read() as session:
            keys = set(session.scalars(select(RecordingKey.recording_id)))
        assert kept in keys and {"2027/01/02/kept-1.original", "2027/01/02/kept-1.anonymised"} <= house.files()
        house.run(NIGHT)
        assert house.found(NIGHT) == [], f"killed at step {step}"
        assert len(house.files()) == 2 and not list(house.spool.iterdir())
        with house.database.read() as session:
            lines = session.scalars(select(PurgeEntry.recording_id).order_by(PurgeEntry.seq)).all()
        assert len(lines) == len(set(lines)) == over
        assert [row["recording_id"] for row in ledger.read(house.store)] == list(lines)
        if not was_killed:
            break
    assert step > 15, "the ledger, its commit, each file, the rows after"
