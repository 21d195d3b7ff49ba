"""`ivr prompts play`: through a player where there is one, else to a file, and it says which."""

import json
from pathlib import Path

import pytest
import soundfile

from tests.ivr.cli.conftest import Ivr


@pytest.fixture(autouse=True)
def nowhere(flows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def player(folder: Path, status: int) -> None:
    path = folder / "bin/aplay"
    path.write_text(f'#!/bin/sh\necho "$2" > {folder}/played\necho "no sound card" >&2\nexit {status}\n')
    path.chmod(0o755)


def test_without_a_player_a_file_is_written(ivr: Ivr, tmp_path: Path) -> None:
    done = ivr("prompts", "play", "hello", "--lang", "de", "--json")
    assert done.status == 0 and "no player (aplay, play, ffplay)" in done.err
    assert json.loads(done.out)[0]["file"] == "hello.de.wav"
    assert soundfile.info(tmp_path / "hello.de.wav").duration > 0.5
    again = ivr("prompts", "play", "hello", "--lang", "de")
    assert again.status == 1 and "is there already" in again.err


def test_with_a_player_it_is_played(ivr: Ivr, tmp_path: Path) -> None:
    player(tmp_path, 0)
    done = ivr("prompts", "play", "hello", "--json")
    assert json.loads(done.out)[0]["played_with"] == str(tmp_path / "bin/aplay") and done.err == ""
    assert soundfile.info((tmp_path / "played").read_text().strip()).samplerate == 8000


def test_a_player_that_fails_is_told_and_a_file_written(ivr: Ivr, tmp_path: Path) -> None:
    player(tmp_path, 1)
    done = ivr("prompts", "play", "hello")
    assert done.status == 0 and "no sound card" in done.err and (tmp_path / "hello.it.wav").exists()


def test_save_overwrites_only_when_told(ivr: Ivr, tmp_path: Path) -> None:
    target = tmp_path / "mine.wav"
    target.write_bytes(b"mine")
    done = ivr("prompts", "play", "hello", "--save", target)
    assert done.status == 1 and target.read_bytes() == b"mine"
    assert ivr("prompts", "play", "hello", "--save", target, "--force").status == 0
    assert soundfile.info(target).samplerate == 8000


def test_values_are_asked_for_and_spoken(ivr: Ivr, tmp_path: Path) -> None:
    done = ivr("prompts", "play", "place", "--save", "x.wav")
    assert done.status == 2 and "--value now=" in done.err
    assert ivr("prompts", "play", "place", "--value", "now=2026-11-24T10:30", "--save", "x.wav").status == 0
    wrong = ivr("prompts", "play", "place", "--value", "now=soon", "--save", "y.wav")
    assert wrong.status == 2 and "'soon'" in wrong.err
    assert ivr("prompts", "play", "queue-wait", "--value", "wait=240", "--save", "z.wav").status == 0
    assert soundfile.info(tmp_path / "z.wav").duration > 1
    assert ivr("prompts", "play", "queue-wait", "--value", "wait=long").status == 2
    assert list((tmp_path / "data/prompts/said").rglob("*.wav")), "such sentences are not kept for good"


def test_wrong_names(ivr: Ivr) -> None:
    assert "did you mean 'hello'?" in ivr("prompts", "play", "helo").err
    assert "it is in it, de" in ivr("prompts", "play", "hello", "--lang", "fr").err
    assert ivr("prompts", "play", "hello", "--flow", "none").status == 2
