"""`ivr prompts import`: one file or a studio's folder, into the flows' folder."""

import json
from pathlib import Path

import pytest
import soundfile

from ivr.prompts import audio
from ivr.prompts.recipe import Recipe
from tests.ivr.cli.conftest import Ivr
from tests.ivr.prompts.conftest import sine


@pytest.fixture
def take(tmp_path: Path, flows: Path) -> Path:
    path = tmp_path / "take.flac"
    raw, rate = Recipe().voice.speak("Buongiorno, sono la voce dello studio.", "it")
    soundfile.write(path, audio.trim(raw, rate) * 0.7, rate)
    return path


def test_a_file_becomes_the_prompt(ivr: Ivr, flows: Path, take: Path) -> None:
    assert ivr("prompts", "import", take, "--prompt", "hello", "--lang", "it").status == 0
    target = flows / "prompts/it/hello.wav"
    assert soundfile.info(target).samplerate == 16000
    ivr("prompts", "build")
    listed = json.loads(ivr("prompts", "list", "--flow", "line", "--language", "it", "--json").out)[0]
    assert (listed["source"], listed["made"]) == ("recording", True)
    assert listed["level"] == pytest.approx(-16, abs=0.1)


def test_nothing_is_overwritten_without_force(ivr: Ivr, flows: Path, take: Path) -> None:
    target = flows / "prompts/it/hello.wav"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"the old one")
    done = ivr("prompts", "import", take, "--prompt", "hello", "--lang", "it")
    assert done.status == 1 and "there-already" in done.err and target.read_bytes() == b"the old one"
    assert ivr("prompts", "import", take, "--prompt", "hello", "--lang", "it", "--force").status == 0
    assert soundfile.info(target).samplerate == 16000


def test_a_folder_is_taken_as_far_as_it_is_good(ivr: Ivr, flows: Path, take: Path, tmp_path: Path) -> None:
    studio = tmp_path / "studio"
    for language in ("it", "de", "fr"):
        (studio / language).mkdir(parents=True)
    (studio / "it/hello.flac").write_bytes(take.read_bytes())
    (studio / "it/helo.flac").write_bytes(take.read_bytes())
    (studio / "fr/hello.flac").write_bytes(take.read_bytes())
    soundfile.write(studio / "de/hello.wav", sine(-20, 2), 8000)
    (studio / "de/place.flac").write_bytes(take.read_bytes())
    done = ivr("prompts", "import", studio, "--json")
    rows = {row["file"].removeprefix(f"{studio}/"): row for row in json.loads(done.out)}
    found = {file: [one["code"] for one in row["findings"]] for file, row in rows.items()}
    assert done.status == 1
    assert found == {
        "it/hello.flac": [],
        "it/helo.flac": ["unknown-prompt"],
        "fr/hello.flac": ["unknown-language"],
        "de/hello.wav": ["no-speech"],
        "de/place.flac": ["values"],
    }
    assert {file for file, row in rows.items() if row["taken"]} == {"it/hello.flac", "de/place.flac"}
    assert sorted(path.name for path in (flows / "prompts").rglob("*.wav")) == ["hello.wav", "place.wav"]
    told = ivr("prompts", "import", studio).err
    assert "helo.flac: error unknown-prompt: no flow has a prompt 'helo'; did you mean 'hello'?" in told


def test_wrong_use(ivr: Ivr, take: Path, tmp_path: Path) -> None:
    assert ivr("prompts", "import", take).status == 2
    assert ivr("prompts", "import", tmp_path / "nothing.wav", "--prompt", "hello", "--lang", "it").status == 2
    assert ivr("prompts", "import", tmp_path, "--prompt", "hello").status == 2
    (tmp_path / "empty").mkdir()
    assert ivr("prompts", "import", tmp_path / "empty").status == 1
    out = ivr("prompts", "import", take, "--prompt", "../../etc/passwd", "--lang", "it")
    assert out.status == 1 and "unknown-prompt" in out.err
