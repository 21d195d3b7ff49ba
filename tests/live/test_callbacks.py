"""Calling back on real telephones: a citizen asks for it, an operator accepts, the citizen is rung over the trunk."""

import asyncio
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from asterisk_conf import tree
from ivr.cli.installation import library as open_library
from ivr.flow.builtin import builtin_say
from ivr.phone.hearing import likeness
from ivr.phone.phone import Account, Phone
from tests.live.conftest import OPEN, Installation
from tests.live.sound import power, tone

FLOWS = Path(__file__).parent / "flows"
LINE, CITIZEN = "+390600000002", "+390699999901"


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with a trunk to the outside, whose tries are seconds apart."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    flows = tmp_path_factory.mktemp("flows")
    for file in FLOWS.iterdir():
        shutil.copy(file, flows)
    one = Installation(
        tmp_path_factory.mktemp("callbacks"),
        OPEN,
        FLOWS__FOLDER=str(flows),
        SIP__TRUNK_TO=f"127.0.0.1:{port}",
        CALLBACKS__AGAIN="2,3",
        CALLBACKS__RING="20",
        CALLBACKS__LEAST="2",
    )
    one.start()
    try:
        yield one
    finally:
        assert one.stop() == 0


def heard(line: Installation, file: Path, prompt: str, **values: str) -> float:
    return likeness(file, open_library(line.settings).make(builtin_say(prompt, "it", **values)))


async def _citizen(line: Installation, folder: Path) -> Path:
    """Declines the first call and takes the second until the other side ends it; returns what was heard."""
    port = int(line.settings.sip.trunk_to.rpartition(":")[2])
    account = Account(CITIZEN, "127.0.0.1", line.settings.ports.sip, listen=port)
    says = tone(folder / "citizen.wav", 440)
    async with Phone(tree.ensure(print), account, folder=folder / "citizen", talk=says) as phone:
        await phone.wait_for("INCOMING", within=120)
        await phone.hangup()
        await phone.wait_for("CLOSED", within=5)
        await phone.wait_for("INCOMING", within=120)
        await phone.answer()
        await phone.wait_for("ESTABLISHED", within=5)
        await phone.wait_for("CLOSED", within=60)
        kept = folder / "citizen-heard.wav"
        shutil.copy(phone.heard, kept)
        return kept


async def test_who_asked_is_called_back_by_an_operator_in_turn(line: Installation, tmp_path: Path) -> None:
    line.ivr("operators", "add", "4271", "--name", "Anna", "--languages", "it", "--queues", "all")
    await asyncio.sleep(2.5)
    for _ in range(2):  # the second wish of a number changes nothing
        await asyncio.to_thread(line.call, LINE, "--from", CITIZEN, "--press", ",,4", "--for", "20")
    await asyncio.to_thread(line.until, lambda: len(line.tickets()) == 2)
    first = line.tickets()[-1]
    assert first["fields"]["outcome"] == "callback"
    wishes = await asyncio.to_thread(line.ivr, "callbacks", "list")
    assert [(row["number"], row["call_id"], row["tries"]) for row in wishes] == [(CITIZEN, first["call_id"], 0)]

    before = len(line.tickets())
    citizen = asyncio.create_task(_citizen(line, tmp_path))
    says = tone(tmp_path / "operator.wav", 1000)
    arguments = ("4271", "--hang-up-after", "28", "--disposition", "PA", "--talk", str(says))
    desk = line.desk(*arguments)
    await asyncio.to_thread(desk.__enter__)
    try:
        file = await citizen
        ticket = await asyncio.to_thread(line.newest_ticket, before)
    finally:
        await asyncio.to_thread(desk.__exit__)
    code = heard(line, file, "operator-code", code="4271")
    assert heard(line, file, "callback-notice") > 0.8 and code > 0.8
    sound, _ = soundfile.read(file)
    assert any(power(sound[at : at + 8000], 1000) > 0.9 for at in range(0, len(sound) - 8000, 4000)), "the operator"

    wish = await asyncio.to_thread(line.ivr, "callbacks", "show", first["call_id"])
    assert (wish["state"], wish["tries"]) == ("done", 2)
    assert [one["result"] for one in wish["rung"]][1] == "spoken" and wish["rung"][0]["result"] != "spoken"
    call = wish["rung"][1]["attempt"]
    assert (ticket["call_id"], ticket["type"]) == (call, "PA")
    assert ticket["fields"]["callback_of"] == first["call_id"] and ticket["fields"]["outcome"] == "served"
    again = next(one for one in line.tickets() if one["call_id"] == first["call_id"])
    assert again["number"] == first["number"] and again["fields"]["callback"] == f"spoken with, call {call}"

    deadline = time.monotonic() + 20
    while not (kept := [row for row in line.ivr("recordings", "list") if row["call_id"] == call]):
        assert time.monotonic() < deadline, "no recording came"
        await asyncio.sleep(0.3)
    out = tmp_path / "out.wav"
    line.ivr("recordings", "export", str(kept[0]["id"]), str(out))
    sides, _ = soundfile.read(out)
    middle = slice(len(sides) // 2 - 4000, len(sides) // 2 + 4000)
    assert power(sides[middle, 0], 440) > 0.9, "left is the citizen"
    assert power(sides[middle, 1], 1000) > 0.9, "right is the operator"
    await asyncio.to_thread(line.quiet)


def test_a_withheld_number_fails_the_node(line: Installation) -> None:
    before = len(line.tickets())
    line.call(LINE, "--from", "anonymous", "--press", ",,4", "--for", "20")
    assert line.newest_ticket(before)["fields"]["outcome"] == "failed"
