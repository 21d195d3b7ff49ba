"""The WAV around raw sound, as other programs read it."""

import io
import wave
from pathlib import Path

import pytest
import soundfile

from recordings import spool, wav
from tests.recordings.spooled import spooled

SOUND = bytes(range(256)) * 16


@pytest.mark.parametrize("rate", [8000, 16000])
def test_pythons_wave_and_libsndfile_read_it(tmp_path: Path, rate: int) -> None:
    with spool.alone(spooled(tmp_path, "a", SOUND, rate)) as sound:
        assert sound is not None and (sound.length, sound.rate) == (len(SOUND), rate)
        content = b"".join(wav.pieces(sound, sound.length, rate))
    with wave.open(io.BytesIO(content)) as read:
        assert (read.getnchannels(), read.getsampwidth(), read.getframerate()) == (2, 2, rate)
        assert read.readframes(10_000) == SOUND
    samples, read_rate = soundfile.read(io.BytesIO(content), dtype="int16")
    assert samples.tobytes() == SOUND and read_rate == rate


def test_pieces_put_together_are_the_whole_whatever_its_length(tmp_path: Path) -> None:
    for length in (0, 4, wav.PIECE - 48, wav.PIECE - 44, wav.PIECE - 40, 2 * wav.PIECE):
        with spool.alone(spooled(tmp_path, f"a-{length}", bytes(length))) as sound:
            assert sound is not None
            pieces = list(wav.pieces(sound, length, 8000))
        assert b"".join(pieces) == wav.header(length, 8000) + bytes(length)
        assert all(len(piece) == wav.PIECE for piece in pieces[:-1])


def test_what_became_shorter_meanwhile_is_no_recording(tmp_path: Path) -> None:
    with spool.alone(spooled(tmp_path, "a", bytes(400))) as sound:
        assert sound is not None
        with pytest.raises(OSError, match="became shorter"):
            list(wav.pieces(sound, 404, 8000))


@pytest.mark.parametrize("length", [(1 << 32) - 36, 5 << 30])
def test_more_than_four_gigabytes_are_read_by_libsndfile(tmp_path: Path, length: int) -> None:
    """A file with holes in place of the sound."""
    path, before = tmp_path / "long.wav", wav.header(length, 8000)
    path.write_bytes(before)
    with path.open("r+b") as file:
        file.truncate(len(before) + length)
        file.seek(-4, io.SEEK_END)
        file.write(b"\x01\x00\x02\x00")
    with soundfile.SoundFile(path) as sound:
        assert (sound.frames, sound.samplerate, sound.channels) == (length // 4, 8000, 2)
        sound.seek(-1, io.SEEK_END)
        assert sound.read(1, dtype="int16").tolist() == [[1, 2]]


def test_just_below_four_gigabytes_it_is_a_plain_wav() -> None:
    assert wav.header((1 << 32) - 40, 8000).startswith(b"RIFF")
    assert wav.header((1 << 32) - 36, 8000).startswith(b"RF64")
