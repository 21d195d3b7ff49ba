"""Sealing beside `openssl speed` of the same machine, ingesting and reading an hour of dual-channel sound, in CPU time.

python -m bench.vault [HOURS]
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from ivr.store import calls
from ivr.store.database import Database
from recordings import spool
from recordings.ingest import ingest
from recordings.keys.files import Files
from recordings.keys.ring import Ring
from recordings.reader import Reader, whole
from recordings.sealed import CHUNK, KEY, context, seal
from recordings.stores.folder import Folder
from recordings.vault import Vault
from recordings.wav import FRAME, PIECE

ROUNDS = 5
MUCH = 256  # MiB sealed in memory a round
RATE = 8000
HOUR = 3600 * RATE * FRAME
MIB = 1 << 20


def openssl() -> float:
    """MB of AES-256-GCM a second of CPU, in blocks of a chunk: the best of what `openssl speed` reaches."""
    command = ["openssl", "speed", "-seconds", "1", "-bytes", str(CHUNK), "-evp", "aes-256-gcm"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return float(lines[-1].split()[-1].rstrip("k")) / 1000


def rate(work: Callable[[], object], size: int) -> float:
    """MB a second of CPU."""
    begun = time.process_time()
    work()
    return size / (time.process_time() - begun) / 1e6


def sealing() -> tuple[float, float]:
    """(sealing, opening): MB a second of CPU, in memory."""
    key, bound = os.urandom(KEY), context("bench", "original")
    sound = os.urandom(PIECE)
    sealed = b"".join(seal(key, bound, [sound] * MUCH))
    reader = Reader(lambda start, length: sealed[start : start + length], len(sealed), key, bound, "bench")
    return (
        rate(lambda: [None for _ in seal(key, bound, [sound] * MUCH)], MUCH * MIB),
        rate(lambda: [None for _ in whole(reader)], MUCH * MIB),
    )


def ingesting(hours: float) -> tuple[float, float, float, float]:
    """Seconds of CPU and of the clock to ingest, of CPU to read it whole; milliseconds until 64 KiB of its midst."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(f"sqlite:///{folder / 'store.sqlite3'}")
        database.migrate()
        now = datetime.now(UTC)
        with database.transaction() as session:
            calls.start(
                session, id="call", channel="c", controller="c", called="1", caller="", flow="f", started_at=now
            )
        raw, size = folder / "call-1", int(hours * HOUR)
        raw.mkdir()
        for path in spool.files(raw, spool.USUAL_RATE):
            with path.open("wb") as file:
                for _ in range(size // 2 // MIB + 1):
                    file.write(os.urandom(MIB))
            os.truncate(path, size // 2)
        vault = Vault(Folder(folder / "kept"), Ring([Files(folder / "keys")]))
        cpu, clock = time.process_time(), time.perf_counter()
        assert ingest(database, vault, raw, "Europe/Rome") == "call-1"
        cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
        with database.read() as session:
            day = now.astimezone().date()
            begun = time.perf_counter()
            reader = vault.open(session, "call-1", day)
        reader.seek(size // 2)
        assert len(reader.read(CHUNK))
        first = (time.perf_counter() - begun) * 1000
        reader.seek(0)
        begun = time.process_time()
        assert sum(map(len, whole(reader))) == size + 44
        return cpu, clock, time.process_time() - begun, first


def main() -> None:
    hours = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, clock, reading, first = ingesting(hours)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    rounds = [(openssl(), *sealing()) for _ in range(ROUNDS)]
    wanted, sealed, opened = (max(one[column] for one in rounds) for column in range(3))
    print(f"sealed form in memory, chunks of 64 KiB, the best of {ROUNDS} rounds, MB a second of CPU")
    print(f"  {wanted:6.0f}   openssl speed -bytes {CHUNK} -evp aes-256-gcm")
    print(f"  {sealed:6.0f}   sealing: {sealed / wanted:.0%}, asked at least 60 %")
    print(f"  {opened:6.0f}   opening, as a file that is read: {opened / wanted:.0%}")
    print(f"{hours:g} h of dual-channel sound at 8 kHz ({hours * HOUR / 1e6:.0f} MB), into a folder, SQLite")
    print(f"  {cpu:6.2f} s CPU to ingest (seal, store, read back, compare)   asked at most {2 * hours:g} s")
    print(f"  {clock:6.2f} s by the clock")
    print(f"  {reading:6.2f} s CPU to read it whole")
    print(f"  {first:6.1f} ms from opening it to 64 KiB of its midst")
    print(f"  {grown:6.1f} MB more memory at the peak, the store's and its migrations' among them")


if __name__ == "__main__":
    main()
