"""docs/flow-language.md keeps its word: each code with its example and cure, each verb, each option."""

import ast
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import ivr.flow
from ivr.flow import verbs
from ivr.flow.check import check, examine

DOC = (Path(__file__).parents[3] / "docs" / "flow-language.md").read_text("utf-8")
SECTIONS = {
    match[1]: match[2] for match in re.finditer(r"^### `([^`\n]+)`\n(.*?)(?=^##|\Z)", DOC, re.MULTILINE | re.DOTALL)
}
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = {name: text for name, text in SECTIONS.items() if BLOCK.search(text)}
GOOD = BLOCK.findall(EXAMPLES["unreachable"])[0].replace("  again: {play: greeting, next: end}\n", "")
BESIDE = {
    "queues.yaml": b"payments: {}\n",
    "calendars.yaml": b'assistenza: {weekly: {mon-fri: "08:00-20:00"}}\n',
    "identify.flow.yaml": GOOD.replace("{hangup: normal}", "{return: true}").encode(),
    "another.flow.yaml": GOOD.replace("start:", 'numbers: ["+390600000002"]\nstart:').encode(),
}
HOSTS = {"api.example.org"}


def wav(seconds: int) -> bytes:
    data = seconds * 16_000
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8_000, 16_000, 2, 16)
    return b"RIFF" + struct.pack("<I", 36 + data) + b"WAVE" + form + struct.pack("<4sI", b"data", data) + bytes(64)


# Codes whose examples are no text that a page could show.
MADE: dict[str, dict[str, bytes]] = {
    "encoding": {"example.flow.yaml": GOOD.replace("Buongiorno", "È aperto").encode("latin-1")},
    "too-large": {"example.flow.yaml": GOOD.encode() + b"#" * 1_000_000},
    "bad-recording": {"example.flow.yaml": GOOD.encode(), "prompts/it/greeting.wav": b"ID3 this is MP3"},
    "long-recording": {"example.flow.yaml": GOOD.encode(), "prompts/it/greeting.wav": wav(121)},
}


def cured(text: str) -> str:
    """The example with what the section says to change."""
    lines = BLOCK.findall(text)[0].splitlines()
    changes = [
        (int(line), new) for line, new in re.findall(r"Line (\d+) becomes:\n\n```yaml\n(.*?)```", text, re.DOTALL)
    ]
    changes += [(int(line), "") for line in re.findall(r"Remove line (\d+)\.", text)]
    assert changes
    for line, new in sorted(changes, reverse=True):
        lines[line - 1 : line] = new.splitlines()
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_mistake_is_found_and_the_cure_cures(code: str) -> None:
    text = EXAMPLES[code]
    stated = re.search(r"^`(\d+):(\d+)` (.*)$", text, re.MULTILINE)
    assert stated is not None
    broken = examine(BESIDE | {"example.flow.yaml": BLOCK.findall(text)[0].encode()}, hosts=HOSTS)
    assert [(one.code, one.line, one.column) for one in broken] == [(code, int(stated[1]), int(stated[2]))]
    assert stated[3] == broken[0].message + (f"; {broken[0].hint}" if broken[0].hint else "")
    assert ("*Warning.*" in text) == (broken[0].severity == "warning")
    assert examine(BESIDE | {"example.flow.yaml": cured(text).encode()}, hosts=HOSTS) == []


@pytest.mark.parametrize("code", MADE)
def test_codes_that_no_page_can_show(code: str) -> None:
    assert code in SECTIONS
    found = [one for one in examine(BESIDE | MADE[code]) if one.file == "example.flow.yaml"]
    assert [one.code for one in found] == [code]
    assert ("*Warning.*" in SECTIONS[code]) == (found[0].severity == "warning")


def test_a_folder_without_flows(tmp_path: Path) -> None:
    assert [one.code for one in check(tmp_path)] == ["no-flows"] and "no-flows" in SECTIONS


# Where a finding is made, and which argument is its code.
MAKERS = {"Found": 1, "missing": 1, "finding": 1, "_wrong": 1, "Problem": 0, "_fatal": 0, "Finding": 4}


def codes_in(path: Path) -> Iterator[str]:
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(call, ast.Call):
            place = MAKERS.get(getattr(call.func, "id", getattr(call.func, "attr", "")), 99)
            if place < len(call.args) and isinstance(call.args[place], ast.Constant):
                yield call.args[place].value


def test_every_code_of_the_source_has_its_section_and_its_example() -> None:
    folder = Path(ivr.flow.__file__).parent
    paths = [path for path in (*folder.glob("*.py"), *folder.glob("verbs/*.py")) if path.name != "trial.py"]
    codes = {code for path in paths for code in codes_in(path)}
    assert codes == SECTIONS.keys() - verbs.all_verbs().keys()
    assert codes == EXAMPLES.keys() | MADE.keys() | {"no-flows"}


def options(model: type[BaseModel]) -> set[str]:
    found: set[str] = set()
    for name, field in model.model_fields.items():
        found.add(field.alias or name)
        todo: list[Any] = [field.annotation]
        for kind in todo:
            todo += get_args(kind)
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found |= options(kind)
    return found


@pytest.mark.parametrize("verb", verbs.all_verbs())
def test_every_verb_and_option_has_its_words(verb: str) -> None:
    for option in options(verbs.all_verbs()[verb].Model):
        assert re.search(rf"`[^`\n]*\b{option}\b[^`\n]*`", SECTIONS[verb]) or option == verb, option


def test_the_whole_flow_of_the_page() -> None:
    flow, calendars, queues = (block for block in BLOCK.findall(DOC)[:3])
    files = {"page.flow.yaml": flow, "calendars.yaml": calendars, "queues.yaml": queues}
    assert examine({name: text.encode() for name, text in files.items()}) == []
