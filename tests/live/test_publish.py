"""Publishing on a running installation: who calls from then on hears the new text, who is in a call the old one."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.cli.installation import library as open_library
from ivr.flow.loader import load as load_flows
from ivr.phone.hearing import likeness
from tests.live.conftest import ROOT, Installation, Listener

LINE, FLOW = (
    "+390600000008",
    """ivr: 1
languages: [it]
numbers: ["+390600000008"]
start: hold
prompts:
  keys: {it: "Questa è la linea di prova. Prema un tasto quando vuole, con calma."}
  news: {it: "%s"}
nodes:
  hold: {menu: {prompt: keys, choices: {1: news}, timeout: 20s}, otherwise: end}
  news: {play: news, next: end}
  end: {hangup: normal}
""",
)
OLD, NEW = "Il servizio chiude alle quattordici.", "Da domani si risponde anche la domenica mattina."


@pytest.fixture
def folder(installation: Installation, tmp_path: Path) -> Iterator[Path]:
    """The house's flows and one more line, published with OLD; afterwards the installation is as it was."""
    before = installation.status()["flows"]["version"]
    place = tmp_path / "flows"
    shutil.copytree(ROOT / "flows", place)
    (place / "news.flow.yaml").write_text(FLOW % OLD)
    assert installation.ivr("flow", "publish", str(place), "--author", "anna", "--note", "a test")["published"]
    yield place
    installation.ivr("flow", "rollback", str(before))


def hears(installation: Installation, folder: Path, heard: Path) -> dict[str, bool]:
    """Which of the two texts is heard."""
    library = open_library(installation.settings)
    found = {}
    for text in (OLD, NEW):
        (folder / "news.flow.yaml").write_text(FLOW % text)
        say = load_flows(folder).flows["news"].prompts["news"].say("it")
        found[text] = likeness(heard, library.make(say)) > 0.8
    return found


def call_in_background(installation: Installation, keys: str, heard: Path) -> "subprocess.Popen[str]":
    """A caller who has been answered."""
    caller = subprocess.Popen(
        [sys.executable, "-m", "ivr.cli.main", "call", LINE, "--press", keys, "--for", "60", "--save", str(heard),
         "--data", str(installation.data)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert caller.stdout is not None
    while "answered" not in caller.stdout.readline():
        assert caller.poll() is None
    return caller


def test_new_calls_take_a_version_at_once_and_calls_in_progress_keep_theirs(
    installation: Installation, folder: Path, tmp_path: Path
) -> None:
    tickets, active = len(installation.tickets()), installation.status()["flows"]
    assert active["author"] == "anna"
    early, late, back = (tmp_path / f"{name}.wav" for name in ("early", "late", "back"))
    caller = call_in_background(installation, "," * 25 + "1", early)
    (folder / "news.flow.yaml").write_text(FLOW % NEW)
    published = installation.ivr("flow", "publish", str(folder), "--note", "Sundays")
    assert published["version"] == active["version"] + 1
    assert installation.call(LINE, "--press", ",,1", "--for", "40", "--save", str(late))["ended_by"] == "them"
    assert caller.poll() is None, "the first caller is still there"
    rows = {row["version"]: row for row in installation.ivr("flow", "versions")}
    assert rows[published["version"]]["active"] and rows[active["version"]]["calls"] == 1
    assert caller.wait(timeout=60) == 0

    changed = installation.ivr("flow", "diff", str(active["version"]), str(published["version"]))
    assert [one["text"] for one in changed] == [f'news: prompt news, it: "{OLD}" -> "{NEW}"']
    assert installation.ivr("flow", "rollback", str(active["version"]))["changed"]
    installation.call(LINE, "--press", ",,1", "--for", "40", "--save", str(back))

    assert hears(installation, folder, late) == {OLD: False, NEW: True}
    assert hears(installation, folder, early) == {OLD: True, NEW: False}
    assert hears(installation, folder, back) == {OLD: True, NEW: False}
    deadline = time.monotonic() + 30
    while len(installation.tickets()) < tickets + 3:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    installation.quiet()


def test_a_folder_with_an_error_changes_nothing(installation: Installation, folder: Path) -> None:
    before = installation.status()["flows"]
    (folder / "news.flow.yaml").write_text((FLOW % NEW).replace("choices: {1: news}", "choices: {1: newz}"))
    refused = installation.ivr("flow", "publish", str(folder), ok=False)
    assert not refused["published"]
    assert ("no-target", 9) in [(one["code"], one["line"]) for one in refused["findings"]]
    assert installation.status()["flows"] == before


def test_a_recording_replaces_the_synthesis_from_the_next_call_on(
    installation: Installation, folder: Path, listener: Listener, tmp_path: Path
) -> None:
    """The studio's recording lies in the version, so it can be taken back as well."""
    studio, heard = folder / "prompts/it/news.wav", tmp_path / "heard.wav"
    studio.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(listener.sound("welcome", "fr"), studio)
    installation.ivr("flow", "publish", str(folder))
    studio.unlink()  # what is published needs the designers' folder no more
    tickets = len(installation.tickets())
    installation.call(LINE, "--press", ",,1", "--for", "40", "--save", str(heard))
    assert listener.likeness(heard, "welcome", "fr") > 0.8
    installation.newest_ticket(tickets)
    installation.quiet()
