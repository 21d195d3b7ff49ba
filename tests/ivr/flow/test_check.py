from pathlib import Path

import pytest

from ivr.flow.check import check
from ivr.flow.findings import FlowErrors
from ivr.flow.loader import load

GOOD = """ivr: 1
languages: [it]
numbers: ["+3901"]
variables: {reason: ""}
start: hello
prompts:
  hi: {it: "Ciao."}
  warned: {notice: recording, it: "Registrata."}
nodes:
  hello: {play: hi, next: note}
  note: {set: {reason: "= 'x' + caller.number"}, next: warn}
  warn: {play: warned, next: wait}
  wait: {queue: {name: payments}, served: end, timeout: end, full: end, unstaffed: end}
  end: {hangup: normal}
"""


def findings(folder: Path, text: str) -> list[tuple[int, int, str]]:
    (folder / "one.flow.yaml").write_text(text)
    (folder / "queues.yaml").write_text("payments: {}\n")
    return [(one.line, one.column, one.code) for one in check(folder)]


def test_a_good_flow_has_no_findings(tmp_path: Path) -> None:
    assert findings(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("next: note", "next: not", (10, 21, "no-target")),
        ("play: hi", "play: ho", (10, 11, "no-prompt")),
        ("{play: hi, next: note}", "{play: hi}", (10, 3, "missing-exit")),
        ("{play: hi, next: note}", "{ploy: hi, next: note}", (10, 3, "no-verb")),
        ("{play: hi, next: note}", "{play: hi, menu: x, next: note}", (10, 21, "two-verbs")),
        ("{play: hi, next: note}", "{collect: {}, next: note}", (10, 11, "missing-key")),
        ("{play: hi, next: note}", "{play: hi, nxt: note}", (10, 21, "unknown-key")),
        ("caller.number", "caller.numbr", (11, 16, "expression")),
        ("'x' +", "'x' + +", (11, 16, "expression")),
        ('variables: {reason: ""}', "variables: {}", (11, 16, "undeclared")),
        ('variables: {reason: ""}', 'variables: {reason: "", other: 1}', (4, 25, "never-set")),
        ("name: payments", "name: payment", (13, 18, "no-queue")),
        ("notice: recording, ", "", (13, 3, "no-notice")),
        ("languages: [it]", "languages: [it, en]", (7, 3, "no-language")),
        ("  end: {", "  lost: {play: hi, next: end}\n  end: {", (14, 3, "unreachable")),
        ("  hello:", "  hello: {play: hi, next: end}\n  hello:", (11, 3, "duplicate-key")),
        ("start: hello", "start: hello\nstrat: x", (6, 1, "unknown-key")),
        ("set: {reason: \"= 'x' + caller.number\"}, next: warn", "set: {reason: x}, next: note", (11, 3, "circle")),
    ],
)
def test_findings_stand_where_the_mistake_is(tmp_path: Path, old: str, new: str, wanted: tuple[int, int, str]) -> None:
    assert old in GOOD
    assert wanted in findings(tmp_path, GOOD.replace(old, new))


def test_loading_refuses_and_says_where(tmp_path: Path) -> None:
    findings(tmp_path, GOOD.replace("next: note", "next: not"))
    with pytest.raises(
        FlowErrors, match=r"one\.flow\.yaml:10:21: error no-target: there is no node 'not'; did you mean"
    ):
        load(tmp_path)


def test_two_flows_with_one_number(tmp_path: Path) -> None:
    (tmp_path / "two.flow.yaml").write_text(GOOD)
    assert (3, 11, "number-twice") in findings(tmp_path, GOOD)


def test_the_houses_own_flows_are_without_findings() -> None:
    assert check(Path(__file__).parents[3] / "flows") == []
