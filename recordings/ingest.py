"""Ingest: a raw conversation from the spool becomes a WAV in the recordings' folder and a row in the catalogue.

The order makes a crash harmless at any point: WAV (whole, synced), row, and only then the raw file goes. Doing it
again gives the same file and the same row, for a recording's id is made of its call and number.
"""

import hashlib
import logging
import os
import time
import wave
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ivr.store import catalogue
from ivr.store.database import Database, StoreError
from ivr.store.schema import Call, Recording

log = logging.getLogger(__name__)

RATE, CHANNELS, WIDTH = 8000, 2, 2
FRAME = CHANNELS * WIDTH
CHUNK = FRAME * RATE
# A recording this much shorter than its conversation has lost something.
SLACK = 1.0
QUIET = 30.0


def ingest(database: Database, raw: Path, folder: Path, timezone: str, expected: float | None = None) -> str | None:
    """Returns the recording's id; None when it could not be made now (the raw file stays, the reason is logged).

    `expected` is the conversation's length in seconds, where it is known.
    """
    name = raw.stem
    call_id = name.rpartition("-")[0]
    if not raw.exists() or raw.stat().st_size < FRAME:
        log.error("the conversation left no sound in the spool", extra={"call": call_id})
        raw.unlink(missing_ok=True)
        return None
    try:
        with database.read() as session:
            call = session.get(Call, call_id)
        if call is None:
            log.error("a raw recording belongs to no call; it stays in the spool", extra={"file": raw.name})
            return None
        day = call.started_at.astimezone(ZoneInfo(timezone)).date()
        file = Path(f"{day:%Y/%m/%d}") / f"{name}.wav"
        seconds, size, digest = _write_wav(raw, folder / file)
        complete = expected is None or seconds >= expected - SLACK
        if not complete:
            log.error(
                "a recording is incomplete: %.1f s of a conversation of %.1f s reached the disk",
                seconds,
                expected,
                extra={"call": call_id},
            )
        with database.transaction() as session:
            if session.scalar(select(Recording.id).where(Recording.id == name)) is None:
                recording = Recording(
                    id=name,
                    call_id=call_id,
                    day=day,
                    kind="message" if name.rpartition("-")[2].startswith("m") else "conversation",
                    file=str(file),
                    seconds=seconds,
                    bytes=size,
                    sha256=digest,
                    complete=complete,
                    stored_at=datetime.now(UTC),
                    purged_at=None,
                    erased_at=None,
                )
                session.add(recording)
                catalogue.enter(session, recording, ZoneInfo(timezone))
    except (OSError, StoreError) as error:
        log.error("a recording could not be stored and stays in the spool: %s", error, extra={"call": call_id})
        return None
    raw.unlink()
    return name


def sweep(database: Database, spool: Path, folder: Path, timezone: str) -> int:
    """Ingest every raw file nobody writes to any more; returns how many recordings were made."""
    old = time.time() - QUIET
    waiting = [raw for raw in sorted(spool.glob("*.raw")) if raw.stat().st_mtime < old]
    return sum(ingest(database, raw, folder, timezone) is not None for raw in waiting)


def _write_wav(raw: Path, path: Path) -> tuple[float, int, str]:
    """(seconds, bytes, sha256); the WAV is at `path` whole and synced, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    try:
        with raw.open("rb") as source, part.open("wb") as target:
            with wave.open(target, "wb") as sound:
                sound.setnchannels(CHANNELS)
                sound.setsampwidth(WIDTH)
                sound.setframerate(RATE)
                while chunk := source.read(CHUNK):
                    sound.writeframes(chunk[: len(chunk) // FRAME * FRAME])
                frames = sound.getnframes()
            target.flush()
            os.fsync(target.fileno())
        size, digest = part.stat().st_size, hashlib.sha256(part.read_bytes()).hexdigest()
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return frames / RATE, size, digest
