"""`ivr prompts build`, `list` and `missing` on a real folder with real voices."""

import json
from pathlib import Path

import pytest
import soundfile

from tests.ivr.cli.conftest import Ivr
from tests.ivr.cli.prompts.conftest import FLOW
from tests.ivr.prompts.conftest import sine, spoken_level


def rows(ivr: Ivr, *arguments: object, status: int = 0) -> list[dict[str, object]]:
    done = ivr("prompts", *arguments, "--json")
    assert done.status == status, done.err
    found: list[dict[str, object]] = json.loads(done.out)
    return found


def test_only_what_changed_is_made(ivr: Ivr, flows: Path, tmp_path: Path) -> None:
    flow = flows / "line.flow.yaml"
    done = ivr("prompts", "build", flow)
    assert (done.status, done.out) == (0, "2 made, 0 kept; 2 hold values, made during calls\n")
    assert ivr("prompts", "build", flow).out.startswith("0 made, 2 kept;")
    flow.write_text(FLOW.replace("Guten Tag", "Grüß Gott"), "utf-8")
    told = json.loads(ivr("prompts", "build", flow, "--json").out)
    assert told["made"] == ["line/hello/de"] and told["kept"] == ["line/hello/it"]
    assert told["during_calls"] == ["line/place/it", "line/place/de"]
    for path in (tmp_path / "data/prompts").rglob("*.wav"):
        assert spoken_level(soundfile.read(path)[0]) == pytest.approx(-16, abs=1)


def test_settings_choose_voice_and_loudness(ivr: Ivr, flows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = flows / "line.flow.yaml"
    ivr("prompts", "build", flow)
    monkeypatch.setenv("NUMERO_NERO_PROMPTS__LOUDNESS", "-22")
    assert ivr("prompts", "build", flow).out.startswith("2 made")
    monkeypatch.setenv("NUMERO_NERO_PROMPTS__SYNTHESISER", "espeak-ng")
    assert ivr("prompts", "build", flow).out.startswith("2 made")
    levels = [row["level"] for row in rows(ivr, "list", flow) if row["made"]]
    assert levels == [pytest.approx(-22, abs=0.2)] * 2
    monkeypatch.setenv("NUMERO_NERO_PROMPTS__SYNTHESISER", "festival")
    done = ivr("prompts", "build", flow)
    assert done.status == 2 and "prompts.synthesiser" in done.err


def test_a_text_that_cannot_be_spoken_fails_alone(ivr: Ivr, flows: Path) -> None:
    flow = flows / "line.flow.yaml"
    flow.write_text(FLOW.replace("Guten Tag.", "..."), "utf-8")
    done = ivr("prompts", "build", flow)
    assert done.status == 1 and "prompt hello (de): pico finds nothing to say" in done.err
    assert done.out.splitlines() == ["1 made, 0 kept; 2 hold values, made during calls", "failed: line/hello/de"]


def test_list_tells_where_each_sound_comes_from(ivr: Ivr, flows: Path) -> None:
    (flows / "prompts/it").mkdir(parents=True)
    soundfile.write(flows / "prompts/it/hello.wav", sine(-30, 1, 16000), 16000)
    flow = flows / "line.flow.yaml"
    before = rows(ivr, "list", flow)
    assert [(row["prompt"], row["language"], row["source"], row["made"]) for row in before] == [
        ("hello", "it", "recording", False),
        ("hello", "de", "synthesis", False),
        ("place", "it", "synthesis", None),
        ("place", "de", "synthesis", None),
    ]
    ivr("prompts", "build", flow)
    hello = rows(ivr, "list", "--flow", "line", "--language", "it")[0]
    assert hello["made"] is True and hello["seconds"] == pytest.approx(1, abs=0.02)
    assert hello["level"] == pytest.approx(-16, abs=0.1)
    assert "in the call" in ivr("prompts", "list", flow).out
    assert len(rows(ivr, "list")) > 60, "the engine's own are among them"


def test_missing(ivr: Ivr, flows: Path) -> None:
    assert rows(ivr, "missing") == []
    found = rows(ivr, "missing", "--recordings", status=1)
    assert [(row["prompt"], row["language"], row["missing"]) for row in found] == [
        ("hello", "it", "recording"),
        ("hello", "de", "recording"),
    ]
    flow = flows / "line.flow.yaml"
    flow.write_text(FLOW.replace(', de: "Guten Tag."', ""), "utf-8")
    (missing,) = rows(ivr, "missing", status=1)
    assert missing == {"flow": "line", "prompt": "hello", "language": "de", "missing": "text"}
    assert ivr("prompts", "build", flow).status == 1


def test_a_folder_that_cannot_be_read(ivr: Ivr, flows: Path, tmp_path: Path) -> None:
    done = ivr("prompts", "build", tmp_path / "nowhere")
    assert done.status == 2 and "is no flows' folder" in done.err
    (flows / "line.flow.yaml").write_text("ivr: [", "utf-8")
    done = ivr("prompts", "list")
    assert done.status == 1 and "line.flow.yaml:1:" in done.err and "ivr flow check" in done.err
