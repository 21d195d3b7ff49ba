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
        ("name: payments", "name: payments, skills: [tax, tax>=high]", (13, 48, "bad-value")),
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


def codes(folder: Path, text: str) -> list[tuple[int, str]]:
    return [(line, code) for line, _, code in findings(folder, text)]


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        # A node that cannot be read: what only it leads to, speaks and sets is not found missing too.
        ("{play: hi, next: note}", "{plai: hi, next: note}", [(10, "no-verb")]),
        ("{play: hi, next: note}", "{play: hi}", [(10, "missing-exit")]),
        ("{play: hi, next: note}", "{play: hi, nxt: note}", [(10, "unknown-key")]),
        ("{play: hi, next: note}", "{play: hi, next: not}", [(10, "no-target")]),
        ("{play: hi, next: note}", "{play: hi, next: nothing-like-it}", [(10, "no-target")]),
        ("next: warn}", "nxt: warn}", [(11, "unknown-key")]),
        ("{play: warned, next: wait}", "{play: warned, barge_in: perhaps, next: wait}", [(12, "bad-value")]),
        ("notice: recording", "notice: recordin", [(8, "bad-value")]),
        ("start: hello", "strat: hello", [(5, "unknown-key")]),
        ("start: hello", "start: helo", [(5, "no-target")]),
        ('variables: {reason: ""}', "variables: [reason]", [(4, "bad-value")]),
        ("languages: [it]", "languages: it", [(2, "bad-value")]),
        ("  hi: {it:", "  hi: {itt:", [(7, "no-language"), (7, "unknown-key")]),
        # One mistake does not hide another.
        ("next: note}\n  note: {set", "next: no-where}\n  note: {sett", [(10, "no-target"), (11, "no-verb")]),
    ],
)
def test_one_mistake_is_one_finding(tmp_path: Path, old: str, new: str, wanted: list[tuple[int, str]]) -> None:
    assert old in GOOD
    assert codes(tmp_path, GOOD.replace(old, new)) == wanted


def test_a_file_that_cannot_be_read_hides_no_other_and_nothing_is_said_of_what_it_may_hold(tmp_path: Path) -> None:
    (tmp_path / "calendars.yaml").write_text("assistenza: {weekly: {mon: [}}")
    (tmp_path / "sub.flow.yaml").write_text("ivr: 1\nnodes: {")
    text = GOOD.replace("next: warn", "next: hours").replace(
        "  end:",
        "  hours: {hours: no-such, open: sub, closed: end}\n  sub: {subflow: sub, next: wait}\n"
        "  lost: {play: warned, next: end, x: 1}\n  end:",
    )
    found = findings(tmp_path, text)
    # `warn` and `lost` are not led to; of the calendar and of the subflow nothing is said.
    assert sorted(code for _, _, code in found) == ["unknown-key", "unreachable", "unreachable", "yaml", "yaml"]


def test_circles_through_subflows(tmp_path: Path) -> None:
    quick = "ivr: 1\nlanguages: [it]\nstart: a\nnodes:\n  a: {language: it, next: b}\n  b: {return: true}\n"
    (tmp_path / "quick.flow.yaml").write_text(quick)
    text = GOOD.replace("next: warn}", "next: again}").replace(
        "  end:", "  again: {subflow: quick, next: note}\n  end:"
    )
    assert (11, 3, "circle") in findings(tmp_path, text)


def test_variables_shared_with_a_subflow(tmp_path: Path) -> None:
    """Set there, it is not never set here; collected in secret there, it may not be shown here."""
    ask = "{collect: {prompt: hi, into: reason, length: 4, secret: true}, next: b, otherwise: b}"
    sub = (
        'ivr: 1\nlanguages: [it]\nvariables: {reason: ""}\nstart: a\nprompts: {hi: {it: "Ciao."}}\n'
        f"nodes:\n  a: {ask}\n  b: {{return: true}}\n"
    )
    (tmp_path / "sub.flow.yaml").write_text(sub)
    text = GOOD.replace("set: {reason: \"= 'x' + caller.number\"}", 'ticket: {fields: {reason: "= reason"}}')
    assert findings(tmp_path, text) == [(4, 13, "never-set")]
    called = text.replace("next: note}", "next: sub}").replace("  end:", "  sub: {subflow: sub, next: note}\n  end:")
    assert findings(tmp_path, called) == [(11, 28, "secret-leak")]
