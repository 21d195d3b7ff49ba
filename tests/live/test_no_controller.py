"""No controller is there: the caller is told so in four languages, is kept, and the first one back serves them."""

import os
import signal
import time
from pathlib import Path

from ivr.cli.installation import read_note
from ivr.flow.builtin import LANGUAGES
from tests.live.conftest import Installation, Listener

LINE, CALLER, REFUSED = "+390600000001", "+390612000061", "+390612000062"
SENTENCES = 22.0  # seconds until all have been said


def test_the_caller_is_kept_and_the_first_controller_back_serves_them(
    installation: Installation, listener: Listener, tmp_path: Path
) -> None:
    heard, running = tmp_path / "heard.wav", read_note(installation.settings)
    assert running
    os.kill(running.up, signal.SIGSTOP)  # else it would start them anew within a second
    try:
        for controller in running.controllers.values():
            os.kill(controller, signal.SIGKILL)
        caller = installation.place(LINE, "--from", CALLER, "--for", "45", "--save", str(heard))
        time.sleep(SENTENCES)
        assert caller.poll() is None and installation.channels() == 1, "the caller is kept"
    finally:
        os.kill(running.up, signal.SIGCONT)
    assert caller.stdout is not None
    told = caller.communicate(timeout=120)[0]
    assert "answered" in told
    for language in LANGUAGES:
        assert listener.likeness(heard, "hold-the-line", language) > 0.8, language
    assert listener.likeness(heard, "welcome", "it") > 0.8, "the flow has answered"
    assert installation.ticket_of(CALLER)["fields"]["outcome"] == "abandoned"
    installation.quiet()


def test_beyond_what_can_be_taken_a_caller_is_told_so(
    installation: Installation, listener: Listener, tmp_path: Path
) -> None:
    """What the lead tells Asterisk when no more calls are taken is told it here by hand."""
    heard = tmp_path / "heard.wav"
    installation.asterisk(f"dialplan set global ADMISSION_CLOSED_UNTIL {int(time.time()) + 60}")
    try:
        result = installation.call(LINE, "--from", REFUSED, "--for", "60", "--save", str(heard))
    finally:
        installation.asterisk("dialplan set global ADMISSION_CLOSED_UNTIL 0")
    assert result["answered"] and result["ended_by"] == "them"
    for language in LANGUAGES:
        assert listener.likeness(heard, "lines-busy", language) > 0.8, language
    assert listener.likeness(heard, "welcome", "it") < 0.5
    installation.quiet()
