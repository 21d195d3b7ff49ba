import json
from pathlib import Path

from tests.ivr.cli.conftest import Ivr


def test_one_schema_is_printed_or_written(ivr: Ivr, tmp_path: Path) -> None:
    printed = ivr("flow", "schema", "--of", "queues")
    assert json.loads(printed.out)["title"] == "Queues, by name"
    assert ivr("flow", "schema", "--of", "queues", "-o", tmp_path / "queues.json").status == 0
    assert (tmp_path / "queues.json").read_text() == printed.out


def test_all_are_written_into_a_folder(ivr: Ivr, tmp_path: Path) -> None:
    assert ivr("flow", "schema", "--all", tmp_path / "new").status == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        "flow.json",
        "calendars.json",
        "queues.json",
        "tests.json",
    }


def test_a_file_that_cannot_be_written_is_said(ivr: Ivr, tmp_path: Path) -> None:
    done = ivr("flow", "schema", "-o", tmp_path / "none" / "flow.json")
    assert (done.status, "No such file or directory" in done.err) == (1, True)
    assert ivr("flow", "schema", "--of", "songs").status == 2
