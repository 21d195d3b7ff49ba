"""Designers' tests: each step passes when it should, and a failing one points at its line and shows the journey."""

from pathlib import Path

import pytest

from ivr.cli.flow.test import collect, junit, simulate
from ivr.cli.flow.world import facts
from ivr.flow import trial
from ivr.flow.check import check
from ivr.flow.findings import FlowErrors
from ivr.flow.loader import load
from ivr.flow.trial import Result
from ivr.settings import Settings

FLOW = """ivr: 1
languages: [it, en]
numbers: ["+3901"]
variables: {notice: {}}
start: welcome
prompts:
  welcome: {it: "Benvenuti.", en: "Welcome."}
  choose: {it: "Uno operatore, due codice, tre fuori.", en: "One operator, two code, three outside."}
  warned: {notice: recording, it: "Registrata.", en: "Recorded."}
  clear: {it: "Chiara?", en: "Clear?"}
  paid: {it: "Pagato.", en: "Paid."}
  sorry: {it: "Scusi.", en: "Sorry."}
  bye: {it: "Arrivederci.", en: "Goodbye."}
nodes:
  welcome: {play: [welcome, warned], next: choose}
  choose: {menu: {prompt: choose, choices: {1: wait, 2: look, 3: outside}, attempts: 2}, otherwise: sorry}
  wait: {queue: {name: payments, max_wait: 5m}, served: ask, timeout: sorry, full: sorry, unstaffed: sorry}
  ask: {survey: {name: after, questions: {clear: clear, kind: clear}, scale: 5}, next: bye}
  look: {http: {url: "https://example.test/", into: notice}, next: say, otherwise: sorry}
  say: {branch: [{when: 'notice.paid == true', go: paid}], otherwise: sorry}
  paid: {play: paid, next: bye}
  outside: {transfer: {to: "+390612345678"}, next: bye, otherwise: sorry}
  sorry: {play: sorry, next: bye}
  bye: {play: bye, next: end}
  end: {hangup: normal}
  keep: {set: {notice: "= notice"}, next: end}
"""


def run(folder: Path, steps: str, expect: str = "{}", more: str = "") -> Result:
    """One test with these steps, a line each; the first step is on line 7 of its file."""
    (folder / "one.flow.yaml").write_text(FLOW)
    (folder / "queues.yaml").write_text("payments: {announce: {every: 30s}}\n")
    (folder / "tests").mkdir(exist_ok=True)
    lines = "".join(f"      - {step.strip()}\n" for step in steps.strip().splitlines())
    text = f"flow: one\ntests:\n  - name: it\n    caller: anonymous\n    at: 2026-11-24T10:00\n    steps:\n{lines}"
    (folder / "tests/one.test.yaml").write_text(f"{text}    expect: {expect}\n{more}")
    book, cases = collect(folder)
    return simulate(book, cases, Settings())[0]


@pytest.mark.parametrize(
    ("steps", "expect"),
    [
        ("hear: welcome\nhear: warned\nhear: choose\npress: 9\nhear: menu-invalid\npress: 9\nhear: sorry", "{}"),
        ("silence: 2\nhear: sorry\nnever: welcome", "{outcome: self-served, ticket: B}"),
        ("press: 1\nqueue: payments\nwait: 2m\nhangup: true", "{outcome: abandoned, ticket: Q}"),
        ("press: 1\nwait: 5m\nhear: sorry", "{outcome: abandoned}"),
        ("unstaffed: true\npress: 1\nhear: sorry", "{path: [wait, sorry]}"),
        (
            'press: 1\noperator: {code: "4271", disposition: PI, talk: 5s}\nanswer: [5, null]\nhear: bye',
            "{outcome: served, ticket: PI, survey: {clear: 5, kind: null}, language: it}",
        ),
        ("press: 2\nhttp: {status: 200, json: {paid: true}}\nhear: paid", "{variables: {notice: {paid: true}}}"),
        ("http: {status: 404}\npress: 2\nhear: sorry", "{}"),
        ("press: 2\nhttp: timeout\nhear: sorry", "{}"),
        ("press: 3\ntransfer: answered\nhear: bye", "{outcome: served}"),
        ("press: 3\ntransfer: unanswered\nhear: sorry", "{}"),
    ],
)
def test_steps_that_fit(tmp_path: Path, steps: str, expect: str) -> None:
    result = run(tmp_path, steps, expect)
    assert result.passed, (result.line, result.problem)


@pytest.mark.parametrize(
    ("steps", "expect", "line", "problem"),
    [
        ("hear: welcome\nhear: paid", "{}", 8, "'paid' was not heard here"),
        ("hear: warned\nhear: welcome", "{}", 8, "'welcome' was not heard here"),  # in order
        ("press: 9\nhear: welcome", "{}", 8, "'welcome' was not heard here"),  # that was the stretch before
        ("never: welcome", "{}", 7, "'welcome' was heard"),
        ("press: 99\npress: 1", "{}", 8, "the flow was not waiting for keys, but over"),
        ("queue: payments", "{}", 7, "not waiting in queue 'payments', but waiting for keys at node 'choose'"),
        ('operator: {code: "1"}', "{}", 7, "not waiting for an operator"),
        ("press: 2\npress: 1", "{}", 8, "waiting for web service at node 'look'"),
        ("http: {status: 200}\npress: 9", "{}", 9, "a web service was not asked as often"),
        ("press: 1\nwait: 6m\nwait: 1s", "{}", 9, "the call is over"),
        ("answer: [1]", "{}", 7, "no question of a survey was asked"),
        ("press: 1\nunstaffed: true", "{}", 8, "in the queue already"),
        ("silence: 2", "{outcome: served}", 8, "the outcome is 'self-served', not 'served'"),
        ("hear: choose", "{outcome: served}", 8, "the call is not over: it waits for keys"),
        ("silence: 2", "{path: [sorry, choose]}", 8, "node 'choose' was not passed, or not in this order"),
        ("silence: 2", "{variables: {notice: 1}}", 8, "variable 'notice' is"),
    ],
)
def test_steps_that_do_not_fit_say_where_and_why(
    tmp_path: Path, steps: str, expect: str, line: int, problem: str
) -> None:
    result = run(tmp_path, steps, expect)
    assert problem in result.problem and result.line == line
    assert result.journey, "the journey so far is shown"
    assert problem.replace("'", "") in junit([result]).decode().replace("'", "")


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ("hear: welcom", "7:9: error no-prompt"),
        ("listen: welcome", "7:9: error unknown-key"),
        ("press: 1\npress: 2\n  hear: x", "yaml"),
        ("operator: {cod: x}", "7:20: error unknown-key: .* did you mean 'code'"),
    ],
)
def test_a_test_file_with_mistakes_names_them(tmp_path: Path, steps: str, wanted: str) -> None:
    with pytest.raises(FlowErrors, match=wanted):
        run(tmp_path, steps)


def test_the_houses_own_tests_pass() -> None:
    book, cases = collect(Path(__file__).parents[3] / "flows")
    failed = [(one.case.test.name, one.line, one.problem) for one in simulate(book, cases, Settings()) if one.problem]
    assert cases and not failed


def test_the_script_says_when_each_act_came(tmp_path: Path) -> None:
    result = run(tmp_path, 'press: 1\noperator: {code: "1", talk: 5s}\nanswer: [5, 4]')
    assert [act.kind for act in result.script] == ["press", "operator", "press", "press"]
    notes = [act.notes for act in result.script]
    assert notes == sorted(notes) and notes[0] > 0


TICKETS = """ivr: 1
languages: [it]
start: first
prompts:
  thanks: {it: "Grazie."}
  number: {it: "Il numero è {ticket.number | digits}."}
  state: {it: "La richiesta {caller.ticket | digits} è in attesa."}
  bye: {it: "Arrivederci."}
nodes:
  first: {branch: [{when: 'caller.ticket_state == "waiting"', go: known}], otherwise: noted}
  known: {play: state, next: end}
  noted: {ticket: {type: A}, next: thanks}
  thanks: {play: thanks, next: asked}
  asked: {branch: [{when: 'ticket.number != ""', go: tell}], otherwise: bye}
  tell: {play: number, next: end}
  bye: {play: bye, next: end}
  end: {hangup: normal}
"""
TOLD = """flow: one
tests:
  - {name: told, at: 2026-11-24 10:00, steps: [{hear: thanks}, {hear: number}], expect: {ticket: A}}
  - {name: away, at: 2026-11-24 10:00, ticket_number: "", steps: [{hear: bye}, {never: number}]}
  - {name: again, at: 2026-11-24 10:00, open_ticket: {number: "17", state: waiting}, steps: [{hear: state}]}
  - {name: withheld, caller: anonymous, at: 2026-11-24 10:00, open_ticket: {number: "17", state: waiting},
     steps: [{hear: thanks}, {never: state}]}
"""


def test_a_test_says_what_tickets_there_are(tmp_path: Path) -> None:
    (tmp_path / "one.flow.yaml").write_text(TICKETS)
    (tmp_path / "one.test.yaml").write_text(TOLD)
    assert check(tmp_path) == []
    book = load(tmp_path)
    for case in trial.read(tmp_path / "one.test.yaml", book):
        result = trial.run(case, book, facts, lambda state: state.ticket.type if state.ticket else "")
        assert not result.problem, (case.test.name, result.problem)
