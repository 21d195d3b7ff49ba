from datetime import UTC, datetime

import pytest

from ivr.flow import machine, words
from ivr.flow.callback_flow import NAME, with_callback
from ivr.flow.check import examine
from ivr.flow.model import Book, Flow
from ivr.flow.queues import Queue

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
FACTS = words.Facts("call", "+390600000001", "+390471123456")
LINE = b"""\
ivr: 1
languages: [it]
start: hello
prompts: {greeting: {it: "Buongiorno."}}
nodes:
  hello: {play: greeting, next: end}
  end: {hangup: normal}
"""


def says(actions: list[words.Action]) -> list[tuple[str, str]]:
    return [(say.prompt, say.language) for one in actions if isinstance(one, words.Play) for say in one.say]


@pytest.mark.parametrize("language", ["it", "en", "de", "fr"])
def test_the_notice_comes_before_the_operator_and_both_in_the_callers_language(language: str) -> None:
    book, flow = with_callback(Book({}, {}, {"payments": Queue()}), "payments")
    state, actions = machine.begin(book, flow, FACTS, NOW, language)
    assert says(actions) == [("callback-notice", language)]
    state, actions = machine.step(book, state, FACTS, words.Played(state.wait["id"]), NOW)
    assert [one.queue for one in actions if isinstance(one, words.Enqueue)] == ["payments"]
    state, actions = machine.step(book, state, FACTS, words.OperatorAnswered("4271"), NOW)
    assert says(actions) == [("operator-code", language)]
    state, actions = machine.step(book, state, FACTS, words.Played(state.wait["id"]), NOW)
    assert words.Connect("on") in actions
    state, actions = machine.step(book, state, FACTS, words.OperatorLeft("Q"), NOW)
    assert state.done and state.outcome == "served"


def test_the_queues_own_flow_is_taken_where_there_is_one() -> None:
    own = Flow("own", ("it",), "end", {}, {})
    assert with_callback(Book({"own": own}, {}, {"q": Queue(callback="own")}), "q")[1] == "own"
    assert with_callback(Book({"own": own}, {}, {"q": Queue()}), "q")[1] == NAME


def test_a_queue_that_names_what_is_not_there_is_told_of() -> None:
    files = {
        "line.flow.yaml": LINE,
        "calendars.yaml": b'office: {weekly: {mon: "08:00-20:00"}}\n',
        "queues.yaml": b"payments: {hours: offise, callback: lime}\nothers: {hours: office, callback: line}\n",
    }
    assert [str(one) for one in examine(files)] == [
        "queues.yaml:1:12: error no-calendar: there is no calendar 'offise'; did you mean 'office'?",
        "queues.yaml:1:27: error no-flow: there is no flow 'lime'; did you mean 'line'?",
    ]
