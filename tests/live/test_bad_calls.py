"""What callers, operators and machines do wrong: each call ends clearly, with one ticket and no channel left."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import GERMAN_PAYMENTS, Installation, Listener

# Callers who need no operator, all at once: each number calls once.
STRANGERS: dict[str, tuple[str, ...]] = {
    "+390612000001": ("+390699999999", "--for", "30"),
    "anonymous": ("+390600000001", "--press", ",,,,2", "--for", "14"),
    "+390612000002": ("+390600000001", "--press", ",,,,7,,,#", "--for", "22"),
    "+390612000003": ("+390600000001", "--press", ",,,1", "--for", "0.1"),
    "+390612000004": ("+390600000001", "--press", ",,,1", "--for", "1.0"),
    "+390612000005": ("+390600000001", "--press", ",,,1", "--for", "3.3"),
    "+390612000006": ("+390600000001", "--press", ",,,1", "--for", "7.0"),
    "+390471123456": ("+390600000001", "--press", GERMAN_PAYMENTS, "--for", "60"),
}


@dataclass(frozen=True)
class Heard:
    sound: Path
    ended_by: str
    ticket: dict[str, Any]


@pytest.fixture(scope="module")
def strangers(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Heard]:
    folder, before = tmp_path_factory.mktemp("strangers"), len(installation.tickets())
    calls = {
        caller: installation.place(*words, "--from", caller, "--save", str(folder / f"{caller}.wav"))
        for caller, words in STRANGERS.items()
    }
    told = {caller: call.communicate(timeout=120)[0] for caller, call in calls.items()}
    assert all("answered" in steps for steps in told.values())
    heard = {
        caller: Heard(
            folder / f"{caller}.wav",
            "them" if "they hung up" in steps else "us",
            installation.ticket_of("" if caller == "anonymous" else caller),
        )
        for caller, steps in told.items()
    }
    installation.quiet()
    assert len(installation.tickets()) == before + len(STRANGERS), "one ticket a call"
    return heard


def test_an_unknown_number_is_told_so(strangers: dict[str, Heard], listener: Listener) -> None:
    heard = strangers["+390612000001"]
    assert heard.ended_by == "them"
    assert listener.likeness(heard.sound, "unknown-number", "it") > 0.8


def test_an_anonymous_caller_chooses_the_language(strangers: dict[str, Heard], listener: Listener) -> None:
    heard = strangers["anonymous"]
    assert listener.likeness(heard.sound, "choose-language", "it") > 0.8
    assert listener.likeness(heard.sound, "recorded", "en") > 0.8


def test_keys_that_are_not_offered(strangers: dict[str, Heard], listener: Listener) -> None:
    assert listener.likeness(strangers["+390612000002"].sound, "menu-invalid", "it") > 0.8


@pytest.mark.parametrize("caller", ["+390612000003", "+390612000004", "+390612000005", "+390612000006"])
def test_a_caller_hangs_up_at_any_moment(strangers: dict[str, Heard], caller: str) -> None:
    assert strangers[caller].ended_by == "us"
    assert strangers[caller].ticket["fields"]["outcome"] == "abandoned"


def test_no_operator_is_signed_in(strangers: dict[str, Heard], listener: Listener) -> None:
    heard = strangers["+390471123456"]
    assert heard.ended_by == "them"
    assert listener.likeness(heard.sound, "nobody", "de") > 0.8
    assert heard.ticket["fields"]["outcome"] == "abandoned"


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
        caller = installation.place(
            "+390600000001", "--from", "+390471123456", "--press", GERMAN_PAYMENTS, "--for", "30"
        )
        assert desk.process.stdout is not None
        assert "ringing" in desk.process.stdout.readline()
        desk.process.kill()
        assert caller.wait(timeout=60) == 0
    installation.newest_ticket(before)
    installation.quiet(40)


def test_asterisk_is_restarted_under_us(installation: Installation) -> None:
    before, status = len(installation.tickets()), installation.status()
    caller = installation.place("+390600000001", "--for", "20")
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
