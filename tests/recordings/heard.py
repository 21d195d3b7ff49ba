"""Recordings with both copies: the original as a call leaves it, and another sound sealed as the anonymised one."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ivr.store.database import Database
from ivr.store.schema import Anonymisation
from recordings.ingest import ingest
from recordings.keys.ring import ANONYMISED
from recordings.vault import Vault, stored_name
from tests.recordings.conftest import MORNING, ROME, add_call
from tests.recordings.spooled import spooled

RATE = 8000
ORIGINAL_TONE, ANONYMISED_TONE = 440, 1000  # Hz


def tone(hertz: float, seconds: float, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)


def speech(hertz: float, seconds: float) -> np.ndarray:
    """The caller speaks for a quarter, then nobody for a half, then the operator, half as loud."""
    quarter = tone(hertz, seconds / 4)
    nobody = np.zeros(int(seconds * RATE) - len(quarter))
    caller, operator = np.concatenate((quarter, nobody)), np.concatenate((nobody, quarter / 2))
    return np.stack((caller, operator), axis=1)


def wav(sound: np.ndarray) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()


def record(
    database: Database, vault: Vault, spool: Path, call: str, seconds: float = 8, started: datetime = MORNING
) -> str:
    """A call and its original; returns the recording's id."""
    add_call(database, call, started)
    spool.mkdir(exist_ok=True)
    sound = (speech(ORIGINAL_TONE, seconds) * 32767).astype("<i2").tobytes()
    id = ingest(database, vault, spooled(spool, f"{call}-1", sound), ROME)
    assert id == f"{call}-1"
    return id


def anonymise(
    database: Database,
    vault: Vault,
    id: str,
    content: bytes,
    started: datetime = MORNING,
    covered: list[dict[str, Any]] | None = None,
) -> None:
    """`content`: the WAV that is sealed as its anonymised copy."""
    key = vault.put(stored_name(started.date(), id, ANONYMISED), id, ANONYMISED, [content])
    with database.transaction() as session:
        job = session.get_one(Anonymisation, id)
        job.state, job.made_at, job.made_with, job.report = (
            "done",
            datetime.now(UTC),
            "clear",
            {"covered": covered or []},
        )
        vault.keep(session, id, ANONYMISED, key)
