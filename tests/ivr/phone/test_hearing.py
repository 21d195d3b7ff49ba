"""Finding a sound in what was heard."""

from pathlib import Path

import numpy as np
import soundfile

from ivr.phone.hearing import RATE, length, likeness


def noise(path: Path, seed: int, seconds: float, level: float = 0.1) -> Path:
    samples = level * np.random.default_rng(seed).standard_normal(int(RATE * seconds))
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return path


def test_a_sound_is_found_where_it_is(tmp_path: Path) -> None:
    wanted = noise(tmp_path / "wanted.wav", 1, 3)
    sound, _ = soundfile.read(wanted)
    quiet = np.zeros(4 * RATE)
    soundfile.write(tmp_path / "heard.wav", np.concatenate((quiet, 0.5 * sound, quiet)), RATE, subtype="PCM_16")
    heard = tmp_path / "heard.wav"
    assert likeness(heard, wanted) > 0.95, "however loud it is"
    assert likeness(heard, wanted, 3, 8) > 0.95
    assert likeness(heard, wanted, 0, 4) < 0.1 and likeness(heard, wanted, 8) < 0.3
    soundfile.write(tmp_path / "late.wav", np.concatenate((quiet, sound[RATE:], quiet)), RATE, subtype="PCM_16")
    assert likeness(tmp_path / "late.wav", wanted, ending=True) > 0.95 > likeness(tmp_path / "late.wav", wanted)
    assert likeness(heard, noise(tmp_path / "other.wav", 2, 3)) < 0.3


def test_silence_is_like_nothing(tmp_path: Path) -> None:
    silence, wanted = noise(tmp_path / "silence.wav", 1, 5, 0), noise(tmp_path / "wanted.wav", 1, 3)
    assert likeness(silence, wanted) == 0
    assert likeness(silence, wanted, begin=60) == 0, "after its end there is nothing"


def test_a_sound_knows_how_long_it_lasts(tmp_path: Path) -> None:
    assert length(noise(tmp_path / "sound.wav", 1, 2.5).read_bytes()) == 2.5
