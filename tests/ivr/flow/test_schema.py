import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ivr.cli.flow.schema import text
from ivr.flow import schema, verbs
from ivr.flow.findings import FlowErrors
from ivr.flow.source import Source

HOUSE = Path(__file__).parents[3]
FLOWS = HOUSE / "flows"
VALIDATORS = {kind: Draft202012Validator(make()) for kind, (make, _) in schema.SCHEMAS.items()}
FILES = [(kind, path) for kind, (_, pattern) in schema.SCHEMAS.items() for path in sorted(FLOWS.glob(pattern))]
FLOW = """ivr: 1
languages: [it]
numbers: ["+3901"]
variables: {reason: ""}
start: hello
prompts:
  hi: {it: "Ciao."}
  warned: {notice: recording, it: "Registrata."}
nodes:
  hello: {play: [hi, warned], barge_in: true, next: choose}
  choose: {menu: {prompt: hi, choices: {1: note, "*": wait}, timeout: 5s, attempts: 2}, otherwise: wait}
  note: {set: {reason: "= caller.number"}, next: wait}
  wait: {queue: {name: payments, max_wait: 10m}, served: end, timeout: end, full: end, unstaffed: end}
  end: {hangup: normal}
"""


def read(path: Path) -> Any:
    return Source(path.read_bytes(), str(path)).data


def mistakes(kind: str, folder: Path, written: str) -> list[str]:
    path = folder / "one.yaml"
    path.write_text(written)
    return [f"{'.'.join(map(str, one.path))}: {one.message}" for one in VALIDATORS[kind].iter_errors(read(path))]


@pytest.mark.parametrize("kind", schema.SCHEMAS)
def test_schemas_are_json_schema_2020_12(kind: str) -> None:
    made = schema.SCHEMAS[kind][0]()
    assert made["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(made)


@pytest.mark.parametrize(("kind", "path"), FILES, ids=lambda one: one.name if isinstance(one, Path) else one)
def test_the_houses_own_files_are_valid(kind: str, path: Path) -> None:
    assert [one.message for one in VALIDATORS[kind].iter_errors(read(path))] == []


def test_every_kind_of_file_has_been_seen() -> None:
    assert {kind for kind, _ in FILES} == set(schema.SCHEMAS)


def test_the_files_that_editors_read_are_current() -> None:
    for kind, (make, _) in schema.SCHEMAS.items():
        path = FLOWS / ".schema" / f"{kind}.json"
        assert path.read_text("utf-8") == text(make()), "run `ivr flow schema --all flows/.schema`"
    settings = json.loads((HOUSE / ".vscode/settings.json").read_text())["yaml.schemas"]
    assert settings == {
        f"./flows/.schema/{kind}.json": f"flows/{pattern}" for kind, (_, pattern) in schema.SCHEMAS.items()
    }


def test_a_good_flow_is_valid(tmp_path: Path) -> None:
    assert mistakes("flow", tmp_path, FLOW) == []


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("ivr: 1", "ivr: 2", "ivr"),
        ("languages: [it]", "languages: []", "languages"),
        ("languages: [it]", "languages: [xx]", "languages.0"),
        ('numbers: ["+3901"]', "numbers: [head-office]", "numbers.0"),
        ("{reason:", "{re-ason:", "variables"),
        ("start: hello\n", "", ""),
        ("start: hello", "start: hello\nstrat: x", ""),
        ("  hello:", "  hello there:", "nodes"),
        ("notice: recording", "notice: tape", "prompts.warned.notice"),
        ("end: {hangup: normal}", "end: {hangup: loud}", "nodes.end.hangup"),
        ("end: {hangup: normal}", "end: {hnagup: normal}", "nodes.end"),
        ("end: {hangup: normal}", "end: {}", "nodes.end"),
        ("next: choose", "nxt: choose", "nodes.hello"),
        (", next: choose", "", "nodes.hello"),
        ("barge_in: true", "barge_in: often", "nodes.hello.barge_in"),
        ("play: [hi, warned]", "play: [hi, warned], menu: x", "nodes.hello"),
        ("timeout: 5s", "timeout: 5", "nodes.choose.menu.timeout"),
        ("timeout: 5s", "timeout: 5 seconds", "nodes.choose.menu.timeout"),
        ("attempts: 2", "attempts: 0", "nodes.choose.menu.attempts"),
        ('{1: note, "*": wait}', "{12: note}", "nodes.choose.menu.choices"),
        ('{1: note, "*": wait}', "{}", "nodes.choose.menu.choices"),
        ('reason: "= caller.number"', "reason: [1]", "nodes.note.set.reason"),
        ("full: end, ", "", "nodes.wait"),
        ("max_wait: 10m", "max_wait: long", "nodes.wait.queue.max_wait"),
        ("max_wait: 10m", "skills: [tax>=10]", "nodes.wait.queue.skills.0"),
    ],
)
def test_what_a_schema_can_see_is_refused_where_it_stands(tmp_path: Path, old: str, new: str, at: str) -> None:
    assert old in FLOW
    assert at in [one.partition(": ")[0] for one in mistakes("flow", tmp_path, FLOW.replace(old, new))]


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("calendars", 'a: {weekly: {fry: "08:00-12:00"}}'),
        ("calendars", 'a: {weekly: {fri: "8-12"}}'),
        ("calendars", 'a: {weekly: {}, closed: [{date: 2026-12-24, until: "14:00"}]}'),
        ("queues", "a: {strategy: loudest}"),
        ("queues", "a: {service_level: {target: 80}}"),
        ("tests", "flow: a\ntests: []"),
        ("tests", 'flow: a\ntests: [{name: x, at: 2026-11-24T10:00, steps: [{hear: a, press: "1"}]}]'),
        ("tests", "flow: a\ntests: [{name: x, at: tomorrow}]"),
        ("tests", "flow: a\ntests: [{name: x, at: 2026-11-24T10:00, expect: {outcome: good}}]"),
    ],
)
def test_other_files_are_refused_too(tmp_path: Path, kind: str, written: str) -> None:
    assert mistakes(kind, tmp_path, written)


@pytest.mark.parametrize("verb", verbs.all_verbs())
def test_each_verbs_manual_has_an_example_that_is_valid(tmp_path: Path, verb: str) -> None:
    """By the schema and by the model, so that the two say the same."""
    module = verbs.all_verbs()[verb]
    examples = 0
    for block in module.__doc__.split("\n\n"):
        path = tmp_path / "block.yaml"
        path.write_text(block)
        try:
            nodes = read(path)
        except FlowErrors:
            continue  # prose
        for node in nodes.values() if isinstance(nodes, dict) else ():
            if isinstance(node, dict) and verb in node:
                module.Model.model_validate(node)
                whole = {"ivr": 1, "languages": ["it"], "start": "one", "nodes": {"one": node}}
                assert [one.message for one in VALIDATORS["flow"].iter_errors(whole)] == []
                examples += 1
    assert examples


def test_editors_show_the_verbs_manuals() -> None:
    node = VALIDATORS["flow"].schema["$defs"]["node"]
    assert set(node["properties"]) == set(verbs.all_verbs())
    assert node["properties"]["play"]["description"].startswith("play: speak one prompt or several")
    assert VALIDATORS["flow"].schema["$defs"]["menu.Choice"]["properties"]["timeout"]["default"] == "5s"
