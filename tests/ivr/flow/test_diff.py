import hashlib
import wave
from pathlib import Path

import pytest

from ivr.flow import durations
from ivr.flow.diff import Change, diff
from ivr.flow.loader import read

FLOW = """ivr: 1
description: Line
languages: [it, de]
numbers: ["+3901"]
variables: {reason: ""}
start: hello
prompts:
  hi: {it: "Ciao.", de: "Hallo."}
  why: {it: "Perché?", de: "Warum?"}
nodes:
  hello: {play: hi, next: from}
  from:
    branch:
      - {when: 'caller.district == "0471"', go: german}
      - {when: caller.withheld, go: why}
    otherwise: why
  german: {language: de, next: why}
  why:
    menu: {prompt: why, choices: {1: pay, 2: app, 9: why}, timeout: 5s}
    otherwise: end
  pay: {set: {reason: pay}, next: is-open}
  app: {set: {reason: app}, next: is-open}
  is-open: {hours: line, open: wait, closed: end}
  wait: {queue: {name: payments, max_wait: 10m}, served: end, timeout: end, full: end, unstaffed: end}
  end: {hangup: normal}
"""
CALENDARS = """line:
  weekly: {mon-fri: "08:00-20:00"}
  closed: [{date: 2026-12-24, from: "14:00"}]
"""
QUEUES = "payments: {ring: 20s}\n"
DISTRICT = """      - {when: 'caller.district == "0471"', go: german}\n"""
WITHHELD = "      - {when: caller.withheld, go: why}\n"
HERE = {"line.flow.yaml": FLOW, "calendars.yaml": CALENDARS, "queues.yaml": QUEUES, "prompts/it/hi.wav": "a"}


# What a recording says is here a letter, written as sound.
def state(folder: Path, files: dict[str, str]) -> tuple[Path, dict[str, str]]:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".wav"):
            with wave.open(str(folder / path), "wb") as sound:
                sound.setparams((1, 2, 8000, 0, "NONE", ""))
                sound.writeframes(text.encode() * 8000)
        else:
            (folder / path).write_text(text)
    return folder, {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}


def changes(tmp_path: Path, new: dict[str, str]) -> list[Change]:
    old_folder, old_files = state(tmp_path / "old", HERE)
    new_folder, new_files = state(tmp_path / "new", new)
    books = []
    for folder in (old_folder, new_folder):
        book, findings = read(folder)
        assert not findings
        books.append(book)
    return diff(*books, old_files, new_files)


def edited(old: str, new: str, path: str = "line.flow.yaml") -> dict[str, str]:
    assert HERE[path].count(old) == 1
    return HERE | {path: HERE[path].replace(old, new)}


def test_nothing_changed(tmp_path: Path) -> None:
    assert changes(tmp_path, HERE) == []


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("2: app,", "2: pay,", ["line: why: choices.2 went to app, now goes to pay"]),
        ("2: app,", "2: app, 3: pay,", ["line: why: choices.3 is new and goes to pay"]),
        ("2: app,", "", ["line: why: choices.2, which went to app, is gone"]),
        ("timeout: 5s", "timeout: 8s", ["line: why: timeout 5s -> 8s"]),
        (", timeout: 5s", "", []),
        ("max_wait: 10m", "max_wait: 90s", ["line: wait: max_wait 10m -> 90s"]),
        (", max_wait: 10m", "", ["line: wait: max_wait 10m -> nothing"]),
        ("otherwise: end", "otherwise: end\n  bye: {play: hi, next: end}", ["line: node bye added (play)"]),
        ("{language: de, next: why}", "{play: hi, next: why}", ["line: german was language, now is play"]),
        ("Hallo.", "Guten Tag.", ['line: prompt hi, de: "Hallo." -> "Guten Tag."']),
        ('it: "Ciao."', 'notice: recording, it: "Ciao."', ["line: prompt hi: notice nothing -> recording"]),
        ('"+3901"', '"+3902"', ["line: number +3901 removed", "line: number +3902 added"]),
        ('{reason: ""}', '{reason: "x"}', ["line: variable reason nothing -> x"]),
        ('{reason: ""}', '{reason: "", n: 1}', ["line: variable n added (1)"]),
        ("[it, de]", "[de, it]", ["line: languages it, de -> de, it"]),
        ("start: hello", "start: hello\non_error: end", ["line: on_error nothing -> end"]),
        (
            DISTRICT + WITHHELD,
            WITHHELD + DISTRICT,
            [
                'line: from: order branch[caller.district == "0471"], branch[caller.withheld], otherwise -> '
                'branch[caller.withheld], branch[caller.district == "0471"], otherwise'
            ],
        ),
        (
            "      - {when: caller.withheld, go: why}",
            "      - {when: caller.country == 'FR', go: end}\n      - {when: caller.withheld, go: pay}",
            [
                "line: from: branch[caller.withheld] went to why, now goes to pay",
                "line: from: branch[caller.country == 'FR'] is new and goes to end",
            ],
        ),
    ],
)
def test_a_flow_in_the_words_of_the_language(tmp_path: Path, old: str, new: str, wanted: list[str]) -> None:
    found = [str(change) for change in changes(tmp_path, edited(old, new))]
    assert found == (wanted or ["line.flow.yaml changed in comments, layout or order only"])


@pytest.mark.parametrize(
    ("path", "old", "new", "wanted"),
    [
        ("calendars.yaml", "08:00-20:00", "08:00-12:00, 13:00-24:00",
         "calendar line: weekly.mon-fri 08:00-20:00 -> 08:00-12:00, 13:00-24:00"),
        ("calendars.yaml", "14:00", "13:30",
         "calendar line: closed[2026-12-24] from 14:00, to 24:00 -> from 13:30, to 24:00"),
        ("calendars.yaml", '[{date: 2026-12-24, from: "14:00"}]', "[]",
         "calendar line: closed[2026-12-24] from 14:00, to 24:00 -> nothing"),
        ("queues.yaml", "20s", "1m", "queue payments: ring 20s -> 1m"),
        ("queues.yaml", "}", "}\nmore: {}", "queue more added"),
        ("queues.yaml", "20s", "20s, announce: {every: 45s}", "queue payments: announce.every nothing -> 45s"),
        ("prompts/it/hi.wav", "a", "b", "prompt hi, it: recording replaced"),
    ],
)  # fmt: skip
def test_what_lies_beside_the_flows(tmp_path: Path, path: str, old: str, new: str, wanted: str) -> None:
    assert wanted in [str(change) for change in changes(tmp_path, edited(old, new, path))]


def test_files_that_come_and_go(tmp_path: Path) -> None:
    new = {path: text for path, text in HERE.items() if path != "prompts/it/hi.wav"}
    new |= {
        "prompts/de/hi.wav": "b",
        "tests/line.test.yaml": "flow: line",
        "more.flow.yaml": FLOW.replace("+3901", "*"),
    }
    assert [str(change) for change in changes(tmp_path, new)] == [
        "prompt hi, it: recording removed",
        "prompt hi, de: recording added",
        "flow more added",
        "tests/line.test.yaml added",
    ]


def test_a_renamed_node_is_told_once(tmp_path: Path) -> None:
    new = HERE | {"line.flow.yaml": FLOW.replace("why:", "reasons:").replace(": why", ": reasons")}
    new["line.flow.yaml"] = (
        new["line.flow.yaml"].replace("prompt: reasons", "prompt: why").replace("  reasons: {it", "  why: {it")
    )
    found = changes(tmp_path, new)
    assert [str(change) for change in found] == ["line: node why renamed to reasons"]
    assert found[0] == Change("renamed", "node", "line.flow.yaml", "reasons", old="why", new="reasons")


def test_two_that_look_alike_are_not_taken_for_renamed(tmp_path: Path) -> None:
    text = FLOW.replace("pay: {set: {reason: pay}", "pay2: {set: {reason: x}").replace("1: pay", "1: pay2")
    text = text.replace("app: {set: {reason: app}", "app2: {set: {reason: x}").replace("2: app", "2: app2")
    assert {str(change) for change in changes(tmp_path, HERE | {"line.flow.yaml": text})} >= {
        "line: node pay removed (set)",
        "line: node app2 added (set)",
        "line: why: choices.1 went to pay, now goes to pay2",
    }


@pytest.mark.parametrize("text", ["0s", "500ms", "5s", "90s", "10m", "1h", "1500ms"])
def test_a_duration_is_written_as_it_is_read(text: str) -> None:
    assert durations.write(durations.parse(text)) == text
