"""The command, as a person runs it."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anonymizer.sound import Samples
from tests.anonymizer.conftest import RATE, key
from tests.ivr.cli.conftest import Ivr, ivr

__all__ = ["ivr"]


@pytest.fixture
def wav(tmp_path: Path, call: Samples) -> Path:
    path = tmp_path / "in" / "call.wav"
    path.parent.mkdir()
    sound = call[: 8 * RATE].copy()
    sound[2 * RATE : 2 * RATE + 800, 1] = key((0, 2), 0.1)
    soundfile.write(path, sound, RATE, "PCM_16")
    return path


def nothing_but(folder: Path, *names: str) -> bool:
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


def test_a_wav_in_and_a_wav_out_with_a_report(ivr: Ivr, wav: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "out.wav", tmp_path / "report.json"
    done = ivr("anonymize", wav, out, "--profile", "strong", "--report", report, "--json", "--language", "it")
    assert (done.status, done.err) == (0, "")
    (row,) = json.loads(done.out)
    assert json.loads(report.read_text()) == [row]
    assert row["profile"] == "strong" and row["error"] is None and row["result"] == str(out)
    assert "key" in [span["kind"] for span in row["covered"]]
    # Nothing of what was drawn is in it.
    about_it = {"profile", "seconds", "rate", "channels", "speech", "language", "sure", "covered", "check"}
    about_it |= {"unspoken", "unspoken_seconds"}
    assert set(row) == {"source", "result", "error", *about_it} and row["language"] == "it"
    about = soundfile.info(out)
    assert (about.frames, about.samplerate, about.channels, about.subtype) == (8 * RATE, RATE, 2, "PCM_16")
    assert nothing_but(tmp_path, "in", "out.wav", "report.json")


def test_only_keys_leaves_the_voices_and_only_voice_the_keys(ivr: Ivr, wav: Path, tmp_path: Path) -> None:
    before, _ = soundfile.read(wav, dtype="int16")
    assert ivr("anonymize", wav, tmp_path / "keys.wav", "--only", "keys").status == 0
    after, _ = soundfile.read(tmp_path / "keys.wav", dtype="int16")
    differ = np.flatnonzero((before != after).any(axis=1)) / RATE
    assert 1.9 < differ.min() < 2 and 2.1 < differ.max() < 2.2
    done = ivr("anonymize", wav, tmp_path / "voice.wav", "--only", "voice", "--json")
    assert done.status == 0 and json.loads(done.out)[0]["covered"] == []


def test_a_folder_goes_on_after_a_file_that_is_broken(ivr: Ivr, wav: Path, tmp_path: Path) -> None:
    whole = wav.read_bytes()
    (wav.parent / "below").mkdir()
    (wav.parent / "below" / "second.WAV").write_bytes(whole)
    (wav.parent / "cut-off.wav").write_bytes(whole[: len(whole) // 2])
    (wav.parent / "text.wav").write_text("no sound at all")
    (wav.parent / "flac.wav").write_bytes(b"fLaC" + whole)
    (wav.parent / "empty.wav").write_bytes(b"")
    soundfile.write(wav.parent / "no-frames.wav", np.zeros((0, 2)), RATE)
    soundfile.write(wav.parent / "music-rate.wav", np.zeros((100, 2)), 44100)
    soundfile.write(wav.parent / "not-numbers.wav", np.full((100, 2), np.nan), RATE, "FLOAT")
    (wav.parent / "notes.txt").write_text("left alone")
    done = ivr("anonymize", wav.parent, tmp_path / "out", "--only", "voice", "--json")
    assert done.status == 1
    rows = {Path(row["source"]).name: row for row in json.loads(done.out)}
    assert {name for name, row in rows.items() if row["error"] is None} == {"call.wav", "second.WAV"}
    for name, words in {
        "cut-off.wav": "is cut off",
        "text.wav": "cannot be read as sound",
        "flac.wav": "cannot be read as sound",
        "empty.wav": "cannot be read as sound",
        "no-frames.wav": "holds no sound",
        "music-rate.wav": "8000 or 16000",
        "not-numbers.wav": "no numbers",
    }.items():
        assert words in rows[name]["error"] and rows[name]["result"] is None
        assert f"{name}: {rows[name]['error']}; there is no result\n" in done.err
    assert nothing_but(tmp_path / "out", "call.wav", "below") and nothing_but(tmp_path / "out" / "below", "second.WAV")


@pytest.mark.parametrize("case", ["exists", "missing", "itself", "empty folder", "within", "report exists"])
def test_what_cannot_be_is_said_in_one_line_and_nothing_is_touched(
    ivr: Ivr, wav: Path, tmp_path: Path, case: str
) -> None:
    taken, empty = tmp_path / "taken.wav", tmp_path / "empty"
    taken.write_text("mine")
    empty.mkdir()
    arguments, words = {
        "exists": ((wav, taken), "exists already"),
        "missing": ((tmp_path / "none.wav", tmp_path / "out.wav"), "does not exist"),
        "itself": ((wav, wav), "the original itself"),
        "empty folder": ((empty, tmp_path / "out"), "holds no WAV"),
        "within": ((wav.parent, wav.parent / "out"), "outside"),
        "report exists": ((wav, tmp_path / "out.wav", "--report", taken), "exists already"),
    }[case]
    done = ivr("anonymize", *arguments)
    assert done.status == 2 and done.out == "" and words in done.err and done.err.count("\n") == 1
    assert taken.read_text() == "mine" and nothing_but(tmp_path, "in", "taken.wav", "empty")


def test_it_is_a_program_of_its_own_and_its_results_are_the_owners_only(wav: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "anonymizer", str(wav), str(tmp_path / "out.wav"), "--only", "keys"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2])
    assert done.returncode == 0 and done.stderr == "" and "1 covered" in done.stdout
    assert stat.S_IMODE((tmp_path / "out.wav").stat().st_mode) == 0o600
    again = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2])
    assert again.returncode == 2 and again.stderr.startswith("anonymizer: ")
