"""The disk is full: the conversation goes on, what was recorded is kept, and what is missing is said."""

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import GERMAN_PAYMENTS, SURVEY, Installation, Listener
from tests.small_disk import small_disk

SECOND = 8000 * 2 * 2  # bytes of a conversation


def served_call(installation: Installation, operator: str, heard: Path) -> dict[str, Any]:
    """A whole call with some seconds of conversation and the survey; its ticket."""
    before = len(installation.tickets())
    manner = ("--hang-up-after", "9", "--disposition", "PQ", "--calls", "1")
    with installation.desk(operator, *manner) as desk:
        result = installation.call(
            "+390600000001", "--from", "+390471123456", "--press", GERMAN_PAYMENTS + SURVEY,
            "--for", "90", "--save", str(heard),
        )  # fmt: skip
        assert result["answered"] and result["ended_by"] == "them"
        assert desk.process.wait(timeout=40) == 0
    return installation.newest_ticket(before)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a small disk")
def test_the_disk_is_full_during_a_conversation(
    installation: Installation, operator: str, listener: Listener, tmp_path: Path
) -> None:
    heard, spool = tmp_path / "heard.wav", installation.settings.spool
    with small_disk(spool, 2 * SECOND):
        ticket = served_call(installation, operator, heard)
        recordings = installation.ivr("recordings", "list")
        (recording,) = [one for one in recordings if one["call_id"] == ticket["call_id"]]
        assert not list(spool.iterdir()), "what was recorded is in the recordings, and the spool has room again"
    assert not recording["complete"]
    assert 1 <= recording["seconds"] <= 2.2
    assert ticket["type"] == "PQ"
    for prompt in ("survey-correct", "survey-courteous", "goodbye"):
        assert listener.likeness(heard, prompt, "de") > 0.8, prompt
    lines = [line for line in installation.log().splitlines() if ticket["call_id"] in line]
    assert any("the recordings' disk is nearly full: 0 MiB are free" in line for line in lines)
    incomplete = rf"a recording is incomplete: {recording['seconds']:.1f} s of a conversation of \d"
    assert any(re.search(incomplete, line) for line in lines)
    installation.quiet()


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a small disk")
def test_the_disk_is_full_before_a_conversation(installation: Installation, operator: str, tmp_path: Path) -> None:
    spool = installation.settings.spool
    with small_disk(spool, SECOND):
        (spool / "somebody-elses").write_bytes(bytes(SECOND))
        ticket = served_call(installation, operator, tmp_path / "heard.wav")
    assert all(one["call_id"] != ticket["call_id"] for one in installation.ivr("recordings", "list"))
    lines = [line for line in installation.log().splitlines() if ticket["call_id"] in line]
    assert any("the conversation left no sound in the spool" in line for line in lines)
    installation.quiet()


def test_recordings_without_room_on_the_disk(installation: Installation, operator: str, tmp_path: Path) -> None:
    """The recordings' folder takes no byte: the call goes on, and the sound waits in the spool."""
    before = len(installation.tickets())
    settings = installation.settings
    month = settings.recordings_folder / time.strftime("%Y")
    kept = month.rename(tmp_path / "kept") if month.exists() else None
    month.symlink_to("/dev/full")
    try:
        with installation.desk(operator, "--hang-up-after", "9", "--calls", "1") as desk:
            call = ("+390600000001", "--from", "+390471123456", "--press", GERMAN_PAYMENTS, "--for", "60")
            assert installation.call(*call)["answered"]
            assert desk.process.wait(timeout=40) == 0
        ticket = installation.newest_ticket(before)
        assert list(settings.spool.glob(f"{ticket['call_id']}-*/*.sln")), "the raw sound is kept"
        assert "could not be stored and stays in the spool" in installation.log()
    finally:
        month.unlink()
        if kept:
            kept.rename(month)
    deadline = time.monotonic() + 90
    while all(one["call_id"] != ticket["call_id"] for one in installation.ivr("recordings", "list")):
        assert time.monotonic() < deadline, "the recording was not taken up when there was room again"
        time.sleep(1)
