"""Operators' states: from the command line, carried out by the controller, and from what becomes of their phones."""

import asyncio
import os
import signal
import time
from pathlib import Path

from asterisk_conf import tree
from ivr.cli.desk import account_of
from ivr.cli.installation import library as open_library
from ivr.flow.builtin import builtin_say
from ivr.phone.hearing import likeness
from ivr.phone.phone import Phone
from ivr.store import operators
from ivr.store.database import Database
from tests.live.conftest import Desk, Installation


def test_states_from_the_command_line(installation: Installation, operator: str) -> None:
    def stands(*state: str) -> tuple[str, str]:
        told = installation.ivr("operators", "state", operator, *state)
        return told["state"], told["reason"]

    with installation.desk(operator):
        assert stands("ready") == ("ready", "")
        assert stands("paused", "--reason", "training") == ("paused", "training")
        installation.until(lambda: _listed(installation, operator) == ("paused", "training"))
        assert stands("signed-out") == ("signed-out", "")
        installation.until(lambda: _listed(installation, operator) == ("signed-out", ""))
    assert "is not signed in" in installation.fails("operators", "state", operator, "paused", "--reason", "lunch")
    assert "there is no operator 999" in installation.fails("operators", "state", "999", "ready")
    token = (installation.settings.secrets / "link").read_text().strip()
    assert token and not any(token in log.read_text() for log in installation.settings.logs.glob("*.log"))


def test_a_phone_that_vanishes(installation: Installation, operator: str) -> None:
    with installation.desk(operator) as desk:
        phone = _phone_of(desk)
        assert _becomes(installation, operator, "ready") < 5
        os.kill(phone, signal.SIGSTOP)  # as without its cable: it neither answers nor says why
        try:
            assert _becomes(installation, operator, "unreachable") < 5
            os.kill(phone, signal.SIGCONT)
            assert _becomes(installation, operator, "ready") < 5
            installation.ivr("operators", "state", operator, "paused", "--reason", "training")
            assert _becomes(installation, operator, "paused", "training") < 5
            os.kill(phone, signal.SIGSTOP)
            assert _becomes(installation, operator, "unreachable", "training") < 5
        finally:
            os.kill(phone, signal.SIGCONT)
        assert _becomes(installation, operator, "paused", "training") < 5, "on pause before, on pause again"
        installation.ivr("operators", "state", operator, "ready")
        assert _becomes(installation, operator, "ready") < 5
        os.kill(phone, signal.SIGKILL)
        assert _becomes(installation, operator, "unreachable") < 5
        desk.process.kill()
    installation.ivr("operators", "state", operator, "signed-out")
    seen = [(one["state"], one["reason"]) for one in installation.ivr("operators", "events", operator)][-8:]
    assert seen == [
        ("unreachable", ""),
        ("ready", ""),
        ("paused", "training"),
        ("unreachable", "training"),
        ("paused", "training"),
        ("ready", ""),
        ("unreachable", ""),
        ("signed-out", ""),
    ]
    worked = installation.ivr("operators", "day", operator)
    assert sum(worked["states"].values()) == worked["seconds"] > 0 and not worked["open"]


async def test_a_break_from_the_phone(installation: Installation, operator: str, tmp_path: Path) -> None:
    settings = installation.settings
    async with Phone(tree.ensure(print), account_of(settings, operator), folder=tmp_path / "phone") as phone:
        await phone.registered(within=5)

        async def dial(code: str, says: str, then: tuple[str, str], keys: str = "") -> None:
            await phone.dial(code)
            await phone.wait_for("ESTABLISHED", within=10)
            await phone.press(keys)
            await phone.wait_for("CLOSED", within=20)
            said = open_library(settings).make(builtin_say(says, "it"))
            assert likeness(phone.heard, said) > 0.8, says
            assert await asyncio.to_thread(_becomes, installation, operator, *then) < 5

        await dial("*4", "not-signed-in", ("signed-out", ""))
        await dial("*1", "signed-in", ("ready", ""), f",{operator}#")
        await dial("*4", "paused", ("paused", "break"))
        await dial("*5", "back", ("ready", ""))
        await dial("*2", "signed-out", ("signed-out", ""))


def _phone_of(desk: Desk) -> int:
    """The robot phone's process."""
    children = Path(f"/proc/{desk.process.pid}/task/{desk.process.pid}/children").read_text().split()
    assert len(children) == 1
    return int(children[0])


def _becomes(installation: Installation, code: str, state: str, reason: str = "") -> float:
    """Seconds until the operator stands so in the store; asks often, for at most 10 s."""
    begun, database = time.monotonic(), Database(installation.settings.database_url)
    while True:
        with database.read() as session:
            row = operators.presence(session, code)
            there = (row.state, row.reason) if row else ("", "")
        took = time.monotonic() - begun
        if there == (state, reason) or took > 10:
            print(f"{state} {reason} after {took:.2f} s; stands {there}")
            database.engine.dispose()
            return took
        time.sleep(0.05)


def _listed(installation: Installation, code: str) -> tuple[str, str]:
    return next((one["state"], one["reason"]) for one in installation.ivr("operators", "list") if one["code"] == code)
