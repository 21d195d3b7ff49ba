"""The whole way: YAML and a real store in, Graphviz, an SVG out."""

import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.store import calls
from ivr.store.database import Database
from tests.ivr.cli.conftest import Ivr

SVG = "{http://www.w3.org/2000/svg}"
FLOW = """ivr: 1
languages: [it]
numbers: ["+3901"]
on_error: sorry
start: hello
prompts: {hi: {it: "Ciao a tutti."}}
nodes:
  hello:
    menu: {prompt: hi, choices: {1: other, 2: end}}
    otherwise: end
  other: {subflow: inner, next: end}
  lost: {play: hi, next: gone}
  sorry: {play: hi, next: end}
  end: {hangup: normal}
"""


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    path = tmp_path / "flows" / "one.flow.yaml"
    path.parent.mkdir()
    path.write_text(FLOW)
    return path


def picture(path: Path) -> ET.Element:
    return ET.parse(path).getroot()  # noqa: S314 (our own output)


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [one for one in root.iter() if name in one.get("class", "").split()]


def test_every_node_and_arrow_is_drawn(ivr: Ivr, flow: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.svg"
    assert ivr("flow", "graph", flow, "-o", out).status == 0
    root = picture(out)
    names = {one.get("data-node") for one in of_class(root, "node")}
    assert names == {"(entry)", "hello", "other", "lost", "sorry", "end", "gone", "(failure)"}
    arrows = {(one.get("data-from"), one.get("data-to"), one.get("data-exits")) for one in of_class(root, "edge")}
    assert arrows == {
        ("(entry)", "hello", "start"),
        ("(failure)", "sorry", "on_error"),
        ("hello", "other", "menu.choices.1"),
        ("hello", "end", "menu.choices.2 otherwise"),
        ("other", "end", "next"),
        ("lost", "gone", "next"),
        ("sorry", "end", "next"),
    }
    assert [one.get("data-from") for one in of_class(root, "error")] == ["(failure)"]
    assert [one.get("data-from") for one in of_class(root, "lost")] == ["lost"]
    (link,) = root.iter(f"{SVG}a")
    assert link.get("href") == "inner.svg"


def test_what_cannot_be_reached_is_red_and_says_so(ivr: Ivr, flow: Path, tmp_path: Path) -> None:
    ivr("flow", "graph", flow, "-o", tmp_path / "out.svg")
    red = set()
    for one in of_class(picture(tmp_path / "out.svg"), "node"):
        if any(shape.get("stroke") == "#b3001b" for shape in one):
            red.add(one.get("data-node"))
            assert {"no path leads here", "there is no such node"} & {text.text for text in one.iter(f"{SVG}text")}
    assert red == {"lost", "gone"}


def test_arrows_end_at_the_nodes_they_name_and_nodes_do_not_overlap(ivr: Ivr, tmp_path: Path) -> None:
    """On the house's real flow."""
    out = tmp_path / "out.svg"
    assert ivr("flow", "graph", "flows/assistenza.flow.yaml", "-o", out).status == 0
    root = picture(out)
    boxes = {}
    for one in of_class(root, "node"):
        x, y = map(float, re.findall(r"[\d.]+", one.get("transform", "")))
        shape = next(child for child in one if child.tag in (f"{SVG}rect", f"{SVG}polygon"))
        if shape.get("points"):
            corners = [tuple(map(float, pair.split(","))) for pair in shape.get("points", "").split()]
            w, h = max(corner[0] for corner in corners), max(corner[1] for corner in corners)
        else:
            w, h = float(shape.get("width", "")), float(shape.get("height", ""))
        boxes[one.get("data-node")] = (x, y, x + w, y + h)
    for a, one in boxes.items():
        for b, two in boxes.items():
            apart = one[2] < two[0] or two[2] < one[0] or one[3] < two[1] or two[3] < one[1]
            assert a == b or apart, (a, b)
    for arrow in of_class(root, "edge"):
        tip = next(child for child in arrow if child.get("class") == "head").get("points", "").split()[0]
        x, y = map(float, tip.split(","))
        left, top, right, _ = boxes[arrow.get("data-to")]
        assert left < x < right and abs(y - top) < 2, arrow.get("data-to")


def test_counts_come_from_the_store(
    ivr: Ivr, flow: Path, tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMERO_NERO_STORE__URL", str(database.url))
    ways = {
        "a": [("hello", "start"), ("end", "menu.choices.2")],
        "b": [("hello", "start"), ("end", "otherwise")],
        "c": [("hello", "start"), ("end", "otherwise")],
        "d": [("hello", "start"), ("before", "menu.choices.3")],
        "e": [("hello", "start"), ("", "")],
    }
    # 23:30 UTC on the 23rd is the 24th in Rome.
    at = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    with database.transaction() as session:
        for id, way in ways.items():
            calls.start(
                session, id=id, channel=id, controller="1", called="", caller="", flow="one", language="", started_at=at
            )
            rows = [
                {"call_id": id, "seq": seq, "at": at, "kind": "node", "node": node, "detail": {"exit": exit}}
                if node
                else {"call_id": id, "seq": seq, "at": at, "kind": "caller-hung-up", "node": "hello", "detail": {}}
                for seq, (node, exit) in enumerate(way)
            ]
            calls.add_journey(session, rows)
    out = tmp_path / "out.svg"
    done = ivr("flow", "graph", flow, "-o", out, "--calls", "2026-11-24", "--data", tmp_path)
    assert (done.status, "left out: hello → before (1)" in done.err) == (0, True)
    root = picture(out)
    counts = {(one.get("data-from"), one.get("data-to")): one.get("data-calls") for one in of_class(root, "edge")}
    assert counts["(entry)", "hello"] == "5"
    assert counts["hello", "end"] == "3"
    assert counts["hello", "other"] == "0"
    texts = {one.get("data-node"): [text.text for text in one.iter(f"{SVG}text")] for one in of_class(root, "node")}
    assert {"2: 1", "otherwise: 2", "✕ 1 hung up"} <= set(texts["hello"])
    widths = {
        (one.get("data-from"), one.get("data-to")): float(child.get("stroke-width", ""))
        for one in of_class(root, "edge")
        for child in one
        if child.get("class") == "arrow"
    }
    assert widths["(entry)", "hello"] > widths["hello", "end"] > widths["hello", "other"]
    assert ivr("flow", "graph", flow, "-o", out, "--calls", "2026-11-23", "--data", tmp_path).status == 0
    assert {one.get("data-calls") for one in of_class(picture(out), "edge")} == {"0"}


def test_json_and_dot(ivr: Ivr, flow: Path) -> None:
    told = json.loads(ivr("flow", "graph", flow, "--json").out)
    assert {node["name"]: node["reachable"] for node in told["nodes"]}["lost"] is False
    assert ivr("flow", "graph", flow, "--dot").out.startswith("digraph {")


def test_wrong_use_and_files_that_cannot_be_read(ivr: Ivr, flow: Path) -> None:
    assert ivr("flow", "graph", flow.parent).status == 2
    assert ivr("flow", "graph", flow, "--lang", "de", "--json").status == 2
    assert ivr("flow", "graph", flow, "--calls", "2026-11-24..2026-11-01").status == 2
    done = ivr("flow", "graph", flow, "-o", flow.parent / "none" / "out.svg")
    assert (done.status, "No such file or directory" in done.err) == (1, True)
    flow.write_text("ivr: 1\nnodes: [")
    done = ivr("flow", "graph", flow, "--json")
    assert (done.status, "one.flow.yaml:2:" in done.err) == (1, True)
