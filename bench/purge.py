"""The purge of 10,000 recordings in a folder, each with two sealed copies, their keys, a call and its number; beside
as many that are kept. Then the proof that nothing is left.

python -m bench.purge [RECORDINGS]
"""

import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from ivr.store.database import Database
from ivr.store.schema import Call, CatalogueRow, Recording, RecordingKey
from recordings.keys.ring import COPIES, ORIGINAL
from recordings.proof import findings
from recordings.purge import Purge, Rules
from recordings.stores.folder import Folder
from recordings.vault import stored_name

ROME = ZoneInfo("Europe/Rome")
NIGHT = datetime(2027, 7, 1, 3, 0, tzinfo=ROME)
SIZE = 4096  # bytes of a file: what is in it costs a deletion next to nothing
PIECE = 1000
A_DAY = 3000  # recordings


def fill(database: Database, root: Path, count: int) -> None:
    """`count` that are over and `count` that are kept."""
    database.migrate()
    for first in range(0, 2 * count, PIECE):
        calls, recordings, keys, rows = [], [], [], []
        for number in range(first, min(first + PIECE, 2 * count)):
            over = number < count
            begun = datetime(2027, 1, 1 if over else 2, 9, tzinfo=UTC) + timedelta(
                days=(-1 if over else 1) * (number % count // A_DAY), seconds=number % 30_000
            )
            call, day = f"call-{number:07}", begun.astimezone(ROME).date()
            id = f"{call}-1"
            calls.append(
                {"id": call, "channel": call, "controller": "c", "called": "1", "caller": f"+3906{number:08}",
                 "flow": "f", "started_at": begun, "ended_at": begun, "ticket": {"fields": {"n": f"+3906{number:08}"}}}
            )  # fmt: skip
            recordings.append(
                {"id": id, "call_id": call, "day": day, "file": stored_name(day, id, ORIGINAL), "seconds": 60.0,
                 "bytes": SIZE, "sha256": "0" * 64, "complete": True, "stored_at": begun}
            )  # fmt: skip
            keys += [
                {"recording_id": id, "copy": copy, "kek": f"{copy}-1", "wrapped": bytes(60), "created_at": begun}
                for copy in COPIES
            ]
            rows.append(
                {"recording_id": id, "call_id": call, "kind": "conversation", "seconds": 60.0, "started_at": begun,
                 "day": day, "minute": 600, "weekday": 1, "lot": number}
            )  # fmt: skip
            for copy in COPIES:
                path = root / stored_name(day, id, copy)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(bytes(SIZE))
        with database.transaction() as session:
            for table, values in ((Call, calls), (Recording, recordings), (RecordingKey, keys), (CatalogueRow, rows)):
                session.execute(insert(table), values)


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def purge(folder: Path) -> None:
    """In a process of its own, so that its peak of memory is its own."""
    one = Purge(
        Database(f"sqlite:///{folder}/store.sqlite3"),
        Folder(folder / "kept"),
        folder / "spool",
        Rules(ROME, key="of the bench"),
        NIGHT,
    )
    run, begun = one.run("bench"), time.perf_counter()
    next(run)
    first = peak()
    deleted = 1 + sum(not purged.problem for purged in run)
    took, memory = time.perf_counter() - begun, peak()
    begun = time.perf_counter()
    found = sum(1 for _ in findings(one))
    print(f"  {deleted} deleted in {took:.1f} s                    asked: at most 60 s for 10,000")
    print(f"  memory {first:.0f} MiB after the first batch, {memory:.0f} MiB at the end    asked: flat")
    print(f"  the proof: {time.perf_counter() - begun:.1f} s, {found} findings, peak {peak():.0f} MiB")


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as name:
        folder = Path(name)
        (folder / "spool").mkdir()
        database = Database(f"sqlite:///{folder}/store.sqlite3")
        fill(database, folder / "kept", count)
        database.engine.dispose()
        print(f"a purge of {count} recordings of two copies on SQLite, beside as many that are kept", flush=True)
        subprocess.run([sys.executable, "-m", "bench.purge", "in", folder], check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["in"]:
        purge(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
