import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.flow.graph import HUNG_UP, HUNG_UP_TALKING, Graph, Node, graph, with_calls
from ivr.flow.graph.cards import ENTRY, cards
from ivr.flow.graph.dot import dot
from ivr.flow.graph.letters import width, wrap
from ivr.flow.loader import read

FLOW = """ivr: 1
description: A line
languages: [it, de]
numbers: ["+3901"]
variables: {busy: false}
on_error: sorry
start: hello
prompts:
  hi: {it: "Ciao & <benvenuti>.", de: "Hallo."}
  sorry: {it: "Scusi.", de: "Verzeihung."}
nodes:
  hello:
    menu: {prompt: hi, choices: {1: where, 2: wait, "*": hello}}
    otherwise: wait
  where:
    branch: [{when: 'caller.district == "0471"', go: note}]
    otherwise: ghost
  note: {set: {busy: true}, next: other}
  other: {subflow: inner, next: wait}
  wait:
    queue: {name: payments, skills: [language], callback: {key: 5, go: end}}
    served: end
    timeout: sorry
    full: sorry
    unstaffed: sorry
  lost: {play: hi, next: end}
  sorry: {play: sorry, next: end}
  end: {hangup: normal}
"""


@pytest.fixture
def drawn(tmp_path: Path) -> Graph:
    return graph_of(tmp_path)


def graph_of(folder: Path, language: str = "") -> Graph:
    (folder / "one.flow.yaml").write_text(FLOW)
    book, _ = read(folder)
    return graph(book, "one", language)


def node(drawn: Graph, name: str) -> Node:
    return next(one for one in drawn.nodes if one.name == name)


def test_nodes_with_what_they_do_and_say(drawn: Graph, tmp_path: Path) -> None:
    assert (node(drawn, "hello").verb, node(drawn, "hello").says) == ("menu", ("Ciao & <benvenuti>.",))
    assert node(graph_of(tmp_path, "de"), "hello").says == ("Hallo.",)
    assert node(drawn, "note").detail == "busy = true"
    assert node(drawn, "wait").detail == "payments · language"
    assert node(drawn, "other").detail == "inner"
    with pytest.raises(ValueError, match="it speaks it, de"):
        graph_of(tmp_path, "fr")


def test_exits_as_people_read_them(drawn: Graph) -> None:
    labels = {one.name: [(exit.label, exit.target) for exit in one.exits] for one in drawn.nodes if one.name != "sorry"}
    assert labels["hello"] == [("1", "where"), ("2", "wait"), ("*", "hello"), ("otherwise", "wait")]
    assert labels["where"] == [('caller.district == "0471"', "note"), ("otherwise", "ghost")]
    assert labels["note"] == [("", "other")]
    assert set(labels["wait"]) == {
        ("served", "end"),
        ("timeout", "sorry"),
        ("full", "sorry"),
        ("unstaffed", "sorry"),
        ("callback (5)", "end"),
    }


def test_what_is_unreachable_or_missing(drawn: Graph) -> None:
    assert [one.name for one in drawn.nodes if not one.reachable] == ["lost"]
    assert [one.name for one in drawn.nodes if one.missing] == ["ghost"]


def test_calls_of_exits_to_one_target_are_told_apart(drawn: Graph) -> None:
    passages = [
        ("", "start", "hello", 10),
        ("hello", "menu.choices.2", "wait", 4),
        ("hello", "otherwise", "wait", 3),
        ("hello", "menu.choices.*", "hello", 2),
        ("wait", "", HUNG_UP, 5),
        ("wait", "", HUNG_UP_TALKING, 1),
        ("wait", "on_error", "sorry", 1),
        ("hello", "menu.choices.7", "gone", 6),
        ("gone", "", HUNG_UP, 6),
        ("(farewell)", "", HUNG_UP, 1),
    ]
    counted, left_out = with_calls(drawn, passages)
    assert (counted.entered, counted.failed) == (10, 1)
    assert [exit.calls for exit in node(counted, "hello").exits] == [0, 4, 2, 3]
    assert (node(counted, "wait").hung_up, node(counted, "wait").hung_up_talking) == (5, 1)
    assert left_out == {"hello → gone": 6, "gone → (hung up)": 6}


def test_journeys_without_exits_are_counted_together(drawn: Graph) -> None:
    passages = [
        ("", "", "hello", 9),
        ("hello", "", "wait", 4),
        ("hello", "otherwise", "wait", 3),
        ("note", "", "other", 2),
    ]
    counted, left_out = with_calls(drawn, passages)
    assert left_out == {}
    assert counted.together["hello", "wait"] == 7
    assert [exit.calls for exit in node(counted, "hello").exits] == [0, None, 0, None]
    assert [exit.calls for exit in node(counted, "note").exits] == [2]
    tab = next(tab for card in cards(counted) if card.name == "hello" for tab in card.tabs if tab.target == "wait")
    assert tab.lines == ("2", "otherwise", "7")


def test_a_tab_for_each_target_and_none_outside_its_card(drawn: Graph) -> None:
    made = {card.name: card for card in cards(drawn)}
    assert [tab.lines for tab in made["hello"].tabs] == [("1",), ("2", "otherwise"), ("*",)]
    assert [tab.lines for tab in made["note"].tabs] == [()]
    assert made[ENTRY].tabs[0].target == "hello"
    for card in made.values():
        ends = [(tab.x, tab.x + tab.width) for tab in card.tabs]
        assert all(a[1] < b[0] for a, b in itertools.pairwise(ends))
        assert all(x >= 0 and end <= card.width for x, end in ends)


def test_the_dot_names_every_tab(drawn: Graph) -> None:
    text = dot(drawn)
    assert text.count(" -> ") == sum(len(card.tabs) for card in cards(drawn))
    assert "Ciao &amp; &lt;benvenuti&gt;" in text


def test_lines_break_where_the_room_ends() -> None:
    text = "Per i pagamenti prema uno, per l'applicazione IO due, perché no."
    lines = wrap(text, 10, 120, 9)
    assert " ".join(lines) == text
    assert all(width(line, 10) <= 120 for line in lines)
    assert wrap(text, 10, 120, 2)[-1].endswith("…")
    assert width(wrap(text, 10, 120, 2)[-1], 10) <= 120
    assert "".join(wrap("https://a.very.long.example.it/notices/of/all", 10, 60, 20)).startswith("https://a.very.long")
    assert width("perché", 10) == width("perche", 10)


def test_a_flow_that_nobody_dials_is_entered_from_another(drawn: Graph) -> None:
    entry = next(card for card in cards(replace(drawn, numbers=())) if card.name == ENTRY)
    assert [line.text for line in entry.lines] == ["called by another flow", "one"]
