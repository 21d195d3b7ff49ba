"""What callers, operators and machines do wrong: each call ends clearly, with one ticket and no channel left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.live.conftest import ROOT, Installation, Listener

GERMAN_PAYMENTS = ",,,,1" + "," * 8 + "1,2"


def test_an_unknown_number_is_told_so(installation: Installation, listener: Listener, tmp_path: Path) -> None:
    before, heard = len(installation.tickets()), tmp_path / "heard.wav"
    assert installation.call("+390699999999", "--save", str(heard), "--for", "30")["ended_by"] == "them"
    assert listener.likeness(heard, "unknown-number", "it") > 0.8
    installation.newest_ticket(before)
    installation.quiet()


def test_an_anonymous_caller_chooses_the_language(
    installation: Installation, listener: Listener, tmp_path: Path
) -> None:
    before, heard = len(installation.tickets()), tmp_path / "heard.wav"
    installation.call("+390600000001", "--from", "anonymous", "--press", ",,,,2", "--for", "12", "--save", str(heard))
    assert listener.likeness(heard, "choose-language", "it") > 0.8
    assert listener.likeness(heard, "recorded", "en") > 0.8
    installation.newest_ticket(before)
    installation.quiet()


def test_keys_that_are_not_offered(installation: Installation, listener: Listener, tmp_path: Path) -> None:
    before, heard = len(installation.tickets()), tmp_path / "heard.wav"
    installation.call("+390600000001", "--press", ",,,,7,#", "--for", "20", "--save", str(heard))
    assert listener.likeness(heard, "menu-invalid", "it") > 0.8
    installation.newest_ticket(before)
    installation.quiet()


@pytest.mark.parametrize("seconds", ["0.1", "1.0", "3.3", "7.0"])
def test_a_caller_hangs_up_at_any_moment(installation: Installation, seconds: str) -> None:
    before = len(installation.tickets())
    installation.call("+390600000001", "--press", ",,,1", "--for", seconds)
    assert installation.newest_ticket(before)["fields"]["outcome"] == "abandoned"
    installation.quiet()


def test_no_operator_is_signed_in(installation: Installation, listener: Listener, tmp_path: Path) -> None:
    before, heard = len(installation.tickets()), tmp_path / "heard.wav"
    call = ("+390600000001", "--from", "+390471123456", "--press", GERMAN_PAYMENTS, "--for", "60", "--save", str(heard))
    assert installation.call(*call)["ended_by"] == "them"
    assert listener.likeness(heard, "nobody", "de") > 0.8
    assert installation.newest_ticket(before)["fields"]["outcome"] == "abandoned"


def test_an_operator_who_does_not_answer_is_paused_and_the_caller_waits(
    installation: Installation, operator: str, listener: Listener, tmp_path: Path
) -> None:
    before, heard = len(installation.tickets()), tmp_path / "heard.wav"
    with installation.desk(operator, "--answer-after", "60"):
        installation.call(
            "+390600000001", "--from", "+390471123456", "--press", GERMAN_PAYMENTS, "--for", "45", "--save", str(heard)
        )
        states = {one["code"]: one["state"] for one in installation.status()["operators"]}
        assert states[operator] == "paused"
    assert listener.likeness(heard, "operator-code", "de", code=operator) < 0.5
    assert installation.newest_ticket(before)["fields"]["outcome"] == "abandoned"
    installation.quiet()


def test_an_operator_whose_phone_dies_while_ringing(installation: Installation, operator: str) -> None:
    before = len(installation.tickets())
    with installation.desk(operator, "--answer-after", "30") as desk:
        caller = subprocess.Popen(
            [sys.executable, "-m", "ivr.cli.main", "call", "+390600000001", "--from", "+390471123456",
             "--press", GERMAN_PAYMENTS, "--for", "30", "--data", str(installation.data)],
            cwd=ROOT, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        assert desk.process.stdout is not None
        assert "ringing" in desk.process.stdout.readline()
        desk.process.kill()
        assert caller.wait(timeout=60) == 0
    installation.newest_ticket(before)
    installation.quiet(40)


def test_asterisk_is_restarted_under_us(installation: Installation) -> None:
    before, status = len(installation.tickets()), installation.status()
    caller = subprocess.Popen(
        [sys.executable, "-m", "ivr.cli.main", "call", "+390600000001", "--for", "20",
         "--data", str(installation.data)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert caller.stdout is not None
    while "answered" not in caller.stdout.readline():
        assert caller.poll() is None
    time.sleep(2)
    os.kill(status["asterisk"]["pid"], signal.SIGKILL)
    caller.wait(timeout=60)
    installation.newest_ticket(before)
    deadline = time.monotonic() + 30
    while not (
        installation.status()["ready"] and installation.status()["asterisk"]["pid"] != status["asterisk"]["pid"]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    after = len(installation.tickets())
    assert installation.call("+390600000001", "--for", "3")["answered"], "calls are taken again"
    installation.newest_ticket(after)
    installation.quiet()


def test_a_controller_that_is_killed_leaves_no_channel_and_no_call_without_ticket(installation: Installation) -> None:
    before, status = len(installation.tickets()), installation.status()
    caller = subprocess.Popen(
        [sys.executable, "-m", "ivr.cli.main", "call", "+390600000001", "--for", "40",
         "--data", str(installation.data)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert caller.stdout is not None
    while "answered" not in caller.stdout.readline():
        assert caller.poll() is None
    time.sleep(2)
    os.kill(status["controllers"][0]["pid"], signal.SIGKILL)
    assert installation.newest_ticket(before)["fields"]["outcome"] == "failed"
    caller.wait(timeout=60)
    deadline = time.monotonic() + 30
    while not installation.status()["ready"]:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    after = len(installation.tickets())
    assert installation.call("+390600000001", "--for", "3")["answered"], "calls are taken again"
    installation.newest_ticket(after)
    installation.quiet()
