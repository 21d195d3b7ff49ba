import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from ivr.cli.flow.test import failures
from ivr.flow.findings import FlowErrors
from ivr.flow.loader import read
from ivr.prompts.library import Library
from ivr.publishing import folder as folders
from ivr.publishing import publish as publishing
from ivr.publishing.publish import FailingTests, PublishError, differs, publish, roll_back
from ivr.publishing.versions import load
from ivr.settings import Settings
from ivr.store import flow_versions
from ivr.store.database import Database, StoreError

FLOW = """ivr: 1
languages: [it]
numbers: ["+3901"]
start: hello
prompts: {hi: {it: "Ciao."}}
nodes:
  hello: {play: hi, next: end}
  end: {hangup: normal}
"""
TEST = """flow: line
tests:
  - name: hears the greeting
    at: 2026-11-24T10:00
    steps: [hear: hi]
    expect: {outcome: self-served}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "flows"
    place.mkdir()
    (place / "line.flow.yaml").write_text(FLOW)
    (place / "notes.txt").write_text("not a part of a version")
    return place


@pytest.fixture
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by these tests: the house's own sentences are made once."""
    folder = tmp_path_factory.getbasetemp() / "prompts"
    folder.mkdir(exist_ok=True)
    return folder


def put(database: Database, folder: Path, prompts: Path, author: str = "anna") -> int:
    tests = partial(failures, settings=Settings())
    return publish(database, folder, Library(prompts, folder), tests=tests, author=author, note="")


def active(database: Database) -> int:
    with database.read() as session:
        return flow_versions.active_number(session)


def text(database: Database, number: int, home: Path, prompts: Path) -> str:
    book = load(database, number, home, partial(Library, prompts)).book
    return book.flows["line"].prompts["hi"].texts["it"]


def test_it_becomes_a_version_that_can_be_run(database: Database, folder: Path, prompts: Path, tmp_path: Path) -> None:
    assert put(database, folder, prompts) == 1
    version = load(database, 1, tmp_path / "run", partial(Library, prompts))
    say = version.book.flows["line"].prompts["hi"].say("it")
    assert version.library.file(say).exists(), "the first caller does not wait for the synthesis"
    assert not (tmp_path / "run/1/notes.txt").exists()
    assert not differs(database, folder)


def test_nothing_changed(database: Database, folder: Path, prompts: Path) -> None:
    put(database, folder, prompts)
    (folder / "line.flow.yaml").touch()
    assert put(database, folder, prompts) == 0


def test_an_error_changes_nothing(database: Database, folder: Path, prompts: Path) -> None:
    put(database, folder, prompts)
    (folder / "line.flow.yaml").write_text(FLOW.replace("next: end", "next: and"))
    with pytest.raises(FlowErrors, match=r"line\.flow\.yaml:7:21: error no-target"):
        put(database, folder, prompts)
    assert active(database) == 1 and differs(database, folder)


def test_a_designers_test_that_fails_changes_nothing(database: Database, folder: Path, prompts: Path) -> None:
    (folder / "tests").mkdir()
    test = folder / "tests/line.test.yaml"
    test.write_text(TEST)
    assert put(database, folder, prompts) == 1
    test.write_text(TEST.replace("self-served", "served"))
    with pytest.raises(FailingTests) as refused:
        put(database, folder, prompts)
    (failure,) = refused.value.failures
    assert f"{test}:6: the outcome is 'self-served', not 'served'" in failure
    test.write_text(TEST.replace("hear: hi", "hear: ho"))
    with pytest.raises(FlowErrors, match="no prompt 'ho'"):
        put(database, folder, prompts)
    assert active(database) == 1


def test_a_folder_without_flows_is_refused(database: Database, tmp_path: Path, prompts: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FlowErrors, match="no flow here"):
        put(database, tmp_path / "empty", prompts)
    assert active(database) == 0


def test_a_file_changed_while_it_was_checked_is_not_stored(
    database: Database, folder: Path, prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = publishing.check

    def check_slowly(place: Path, hosts: object) -> list[object]:
        found = check(place)
        (folder / "line.flow.yaml").write_text(FLOW.replace("Ciao.", "Unchecked."))
        return found  # type: ignore[return-value]

    monkeypatch.setattr(publishing, "check", check_slowly)
    with pytest.raises(PublishError, match="changed meanwhile"):
        put(database, folder, prompts)
    assert active(database) == 0


def test_a_giant_file_is_refused(
    database: Database, folder: Path, prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "LARGEST", 10)
    with pytest.raises(PublishError, match=r"line.flow.yaml: \d+ bytes"):
        put(database, folder, prompts)


def test_a_rollback_brings_the_old_text_back(database: Database, folder: Path, prompts: Path, tmp_path: Path) -> None:
    put(database, folder, prompts)
    (folder / "line.flow.yaml").write_text(FLOW.replace("Ciao.", "Salve."))
    assert put(database, folder, prompts) == 2
    home = tmp_path / "run"
    assert roll_back(database, 1, home, partial(Library, prompts), author="bruno", note="")
    assert active(database) == 1 and text(database, 1, home, prompts) == "Ciao."
    assert text(database, 2, home, prompts) == "Salve."
    with pytest.raises(StoreError, match="no version 3"):
        roll_back(database, 3, home, partial(Library, prompts), author="bruno", note="")


def test_the_folder_of_a_version_is_put_right(database: Database, folder: Path, prompts: Path, tmp_path: Path) -> None:
    """Whatever lies there, from a crash or another store: what is loaded is what was published."""
    put(database, folder, prompts)
    place = tmp_path / "run/1"
    place.mkdir(parents=True)
    (place / "line.flow.yaml").write_text("ivr: 1\nhalf a fil")
    (place / "other.flow.yaml").write_text(FLOW)
    assert text(database, 1, tmp_path / "run", prompts) == "Ciao."
    assert folders.paths(place) == ["line.flow.yaml"]


def test_a_publisher_killed_at_any_moment_changes_nothing(folder: Path, prompts: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    command = [sys.executable, "-m", "ivr.cli.main", "flow", "publish", str(folder), "--data", str(data), "--json"]
    database = Database(f"sqlite:///{data / 'database.sqlite3'}")
    data.mkdir()
    database.migrate()
    shutil.copytree(prompts, data / "prompts", dirs_exist_ok=True)
    assert put(database, folder, data / "prompts") == 1
    (folder / "line.flow.yaml").write_text(FLOW.replace("Ciao.", "Due."))
    begun = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    lasts = time.monotonic() - begun
    (folder / "line.flow.yaml").write_text(FLOW.replace("Ciao.", "Tre."))
    killed = 0
    for part in (0.2, 0.5, 0.8, 0.95):  # the first one has found more to make than these
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(lasts * part)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        with database.read() as session:
            found = flow_versions.active_number(session)
            files = flow_versions.paths(session, found)
            assert max(row.number for row in flow_versions.versions(session)) == found
            told = flow_versions.content(session, files["line.flow.yaml"]).decode()
        assert (found, "Due." in told, "Tre." in told) in ((2, True, False), (3, False, True))
        if found == 3:
            break
    assert killed, "none was killed in time"
    subprocess.run(command, check=True, capture_output=True)
    assert active(database) == 3
    book, findings = read(folder)
    assert not findings and book.flows["line"].prompts["hi"].texts["it"] == "Tre."
