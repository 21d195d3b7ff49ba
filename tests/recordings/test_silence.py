import asyncio
import time
from pathlib import Path

import pytest

from recordings import silence, spool
from recordings.silence import Silence


async def test_silence_is_as_long_as_its_time_behind_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "EVERY", 0.1)
    folder = tmp_path / "call-1"
    folder.mkdir()
    caller, heard = spool.files(folder, spool.WIDE_RATE)
    caller.write_bytes(b"\x01\x00" * 1600)
    begun = time.monotonic()
    one = Silence(folder, spool.WIDE_RATE)
    await asyncio.sleep(0.35)
    assert spool.size(folder) > 2 * 3200, "it is written as it passes"
    await one.end()
    samples = (time.monotonic() - begun) * spool.WIDE_RATE
    assert caller.stat().st_size == heard.stat().st_size
    assert abs(caller.stat().st_size / 2 - 1600 - samples) < 0.05 * spool.WIDE_RATE
    assert caller.read_bytes() == b"\x01\x00" * 1600 + bytes(caller.stat().st_size - 3200)
    assert not heard.read_bytes().strip(b"\0")


async def test_a_recording_that_begins_silent_has_its_place_at_once(tmp_path: Path) -> None:
    one = Silence(tmp_path / "call-2", spool.USUAL_RATE)
    await one.end()
    assert spool.waiting(tmp_path) == [tmp_path / "call-2"]
    assert spool.rate_of(tmp_path / "call-2") == spool.USUAL_RATE


async def test_what_could_not_be_written_is_made_good_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "EVERY", 0.1)
    place = tmp_path / "not there yet"
    one = Silence(place / "call-3", spool.USUAL_RATE)
    await asyncio.sleep(0.25)
    place.mkdir()
    await one.end()
    (caller, _) = spool.files(place / "call-3", spool.USUAL_RATE)
    assert caller.stat().st_size / 2 > 0.2 * spool.USUAL_RATE
