"""A flows' folder of its own, with little to make."""

from pathlib import Path

import pytest

FLOW = """\
ivr: 1
languages: [it, de]
numbers: ["+390600000001"]
start: hello
prompts:
  hello: {it: "Buongiorno.", de: "Guten Tag."}
  place: {it: "Sono le {now | time}.", de: "Es ist {now | time}."}
nodes:
  hello: {play: [hello, place], next: end}
  end: {hangup: normal}
"""


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "flows"
    folder.mkdir()
    (folder / "line.flow.yaml").write_text(FLOW, "utf-8")
    monkeypatch.setenv("NUMERO_NERO_FLOWS__FOLDER", str(folder))
    monkeypatch.setenv("NUMERO_NERO_DATA", str(tmp_path / "data"))
    return folder
