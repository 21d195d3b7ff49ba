"""The picture of a recording: both channels, silences, kept and made anew, and gone with the recording."""

import io
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from ivr.store.database import Database
from ivr.store.schema import Waveform
from recordings import review
from recordings.vault import Vault, forget
from recordings.waveform import POINTS, NotSound, picture
from tests.recordings.conftest import MORNING
from tests.recordings.heard import ANONYMISED_TONE, RATE, anonymise, record, speech, tone, wav
from tests.recordings.house import House

QUIET = 0.0005  # noise of a line


def seen(sound: np.ndarray):  # type: ignore[no-untyped-def]
    return picture(io.BytesIO(wav(sound)))  # type: ignore[arg-type]


def test_each_channel_has_its_own_loudness() -> None:
    made = seen(speech(1000, 8))
    caller, operator = made.levels
    assert made.seconds == 8 and len(caller) == len(operator) == 160
    assert max(caller[:40]) == pytest.approx(128, abs=1) and max(caller[41:]) == 0
    assert max(operator[120:]) == pytest.approx(64, abs=1) and max(operator[:119]) == 0


def test_only_what_is_silent_on_both_sides_and_long_enough_is_a_silence() -> None:
    noise = np.random.default_rng(1).normal(0, QUIET, RATE * 20)
    left, right = noise.copy(), noise.copy()
    left[: 2 * RATE] += tone(300, 2)
    right[5 * RATE : 6 * RATE] += tone(300, 1)
    left[7 * RATE : 8 * RATE] += tone(300, 1)  # after a breath of one second
    assert seen(np.stack((left, right), axis=1)).silences == [(2.0, 5.0), (8.0, 20.0)]


def test_a_long_recording_has_as_few_points_and_the_loudest_moment() -> None:
    sound = np.zeros((600 * RATE + 123, 2))
    sound[300 * RATE, 1] = -1.0
    made = seen(sound)
    caller, operator = made.levels
    assert len(operator) == POINTS and max(caller) == 0
    assert operator.index(255) == pytest.approx(POINTS / 2, abs=1)
    assert made.seconds == 600 + 123 / RATE and made.silences[-1][1] == pytest.approx(made.seconds, abs=0.01)


@pytest.mark.parametrize("frames", [0, 1, RATE])
def test_the_shortest(frames: int) -> None:
    made = seen(np.full((frames, 2), 0.5))
    assert made.seconds == frames / RATE and made.silences == []


def test_what_cannot_be_read_to_its_end_has_no_picture() -> None:
    content = wav(speech(1000, 60))

    class Failing(io.BytesIO):
        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            if self.tell() > 500_000:
                raise OSError("the disk")
            return super().readinto(memoryview(buffer)[:65_536])

    with pytest.raises(OSError, match="the disk"):
        picture(Failing(content))  # type: ignore[arg-type]
    for wrong in (b"", b"no sound at all", content[:30]):
        with pytest.raises(NotSound):
            picture(io.BytesIO(wrong))  # type: ignore[arg-type]


def test_it_is_measured_once_and_anew_when_the_copy_is_another(
    database: Database, tmp_path: Path, vault: Vault
) -> None:
    id = record(database, vault, tmp_path / "spool", "call")
    with pytest.raises(review.Pending):
        review.waveform(database, vault, id)
    anonymise(database, vault, id, wav(speech(ANONYMISED_TONE, 8)))
    first = review.waveform(database, vault, id)
    (file,) = (tmp_path / "kept").rglob("*.anonymised")
    content = file.read_bytes()
    file.unlink()
    assert review.waveform(database, vault, id).levels == first.levels, "kept: the sound is not read again"
    file.write_bytes(content)
    anonymise(database, vault, id, wav(speech(ANONYMISED_TONE, 4)))
    assert review.waveform(database, vault, id).seconds == 4
    with database.transaction() as session:
        forget(session, id)
    with pytest.raises(review.Pending):
        review.waveform(database, vault, id)


def test_the_purge_deletes_it(house: House) -> None:
    id = house.record("call", MORNING)
    with house.database.transaction() as session:
        of = review.copy_of(session, id).created_at
        session.add(Waveform(recording_id=id, of=of, seconds=1.0, channels=2, levels=b"ab", silences=[]))
    house.run(MORNING + timedelta(days=182))
    with house.database.read() as session:
        assert session.get(Waveform, id) is None
        with pytest.raises(review.Deleted):
            review.copy_of(session, id)
