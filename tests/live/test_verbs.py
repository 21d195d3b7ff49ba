"""The verbs that reach beyond a menu, each on a real call: voicemail, http, transfer, record, collect."""

import asyncio
import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile

from asterisk_conf import tree
from ivr.cli.installation import library as open_library
from ivr.flow.loader import load as load_flows
from ivr.phone.hearing import likeness
from ivr.phone.phone import Account, Phone
from tests.live.conftest import OPEN, Installation
from tests.live.sound import power, tone

FLOWS = Path(__file__).parent / "flows"
LINE, OUTSIDE = "+390600000002", "+390699999901"


class _Notices(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"state": "paid" if self.path.endswith("1234") else "unknown"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with the flow of this test, a web service to ask and a trunk to the outside."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Notices)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    web = f"localhost:{server.server_port}"
    flows = tmp_path_factory.mktemp("flows")
    for file in FLOWS.iterdir():
        shutil.copy(file, flows)
    flow = flows / "verbs.flow.yaml"
    flow.write_text(flow.read_text().replace("localhost:PORT", web))
    one = Installation(
        tmp_path_factory.mktemp("verbs"),
        OPEN,
        FLOWS__FOLDER=str(flows),
        HTTP__ALLOW=web,
        HTTP__PRIVATE=web,
        SIP__TRUNK_TO=f"127.0.0.1:{_free_port()}",
    )
    one.start()
    try:
        yield one
    finally:
        assert one.stop() == 0
        server.shutdown()


def _free_port() -> int:
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def heard(line: Installation, file: Path, prompt: str) -> float:
    """How like the prompt the best place of what was heard is."""
    folder = line.settings.flows.folder
    say = load_flows(folder).flows["verbs"].prompts[prompt].say("it")
    return likeness(file, open_library(line.settings).make(say))


def newest_recording(line: Installation, ticket: dict[str, object], within: float = 20) -> dict[str, object]:
    deadline = time.monotonic() + within
    while True:
        for row in line.ivr("recordings", "list"):
            if row["call_id"] == ticket["call_id"]:
                return dict(row)
        assert time.monotonic() < deadline, "no recording came"
        time.sleep(0.3)


@pytest.mark.parametrize("by_key", [True, False])
def test_a_message_is_kept_as_a_recording_of_the_caller_alone(line: Installation, tmp_path: Path, by_key: bool) -> None:
    before, file = len(line.tickets()), tmp_path / "heard.wav"
    says = tone(tmp_path / "says.wav", 1000)
    ending = ("--press", ",,1" + "," * 11 + "#", "--for", "25") if by_key else ("--press", ",,1", "--for", "12")
    line.call(LINE, "--talk", str(says), "--save", str(file), *ending)
    assert heard(line, file, "speak") > 0.8
    if by_key:
        assert heard(line, file, "thanks") > 0.8
    ticket = line.newest_ticket(before)
    assert ticket["fields"]["outcome"] == "voicemail" and ticket["fields"]["queue"] == "payments"
    recording = newest_recording(line, ticket)
    assert recording["kind"] == "message"
    assert ticket["fields"]["message"] == f"/recordings/{recording['id']}/audio"
    out = tmp_path / "message.wav"
    line.ivr("recordings", "export", str(recording["id"]), str(out))
    sound, _ = soundfile.read(out)
    assert 4 < len(sound) / 8000 < 12
    assert power(sound[:, 0], 1000) > 0.9, "left is the caller"
    assert np.abs(sound[:, 1]).max() < 0.01, "nothing else is on it, not even the beep"
    line.quiet()


@pytest.mark.parametrize(("code", "prompt"), [("1234", "paid"), ("4321", "unpaid")])
def test_a_web_service_is_asked(line: Installation, tmp_path: Path, code: str, prompt: str) -> None:
    before, file = len(line.tickets()), tmp_path / "heard.wav"
    line.call(LINE, "--press", f",,2,,,{code},,,,,,,1", "--for", "30", "--save", str(file))
    assert heard(line, file, prompt) > 0.8
    assert line.newest_ticket(before)["fields"]["outcome"] == "self-served"


async def _outside(line: Installation, folder: Path, answer: bool, seconds: float) -> Path | None:
    """A phone outside, reached over the trunk; returns what it heard."""
    port = int(line.settings.sip.trunk_to.rpartition(":")[2])
    account = Account(OUTSIDE, "127.0.0.1", line.settings.ports.sip, listen=port)
    says = tone(folder / "outside.wav", 440)
    async with Phone(tree.ensure(print), account, folder=folder / "phone", talk=says) as phone:
        await phone.wait_for("INCOMING", within=30)
        if not answer:
            await phone.hangup()
            return None
        await phone.answer()
        await phone.wait_for("ESTABLISHED", within=5)
        await asyncio.sleep(seconds)
        await phone.hangup()
        await phone.wait_for("CLOSED", within=5)
        kept = folder / "outside-heard.wav"
        shutil.copy(phone.heard, kept)
        return kept


@pytest.mark.parametrize("answer", [True, False])
async def test_a_transfer_joins_the_caller_with_the_outside(line: Installation, tmp_path: Path, answer: bool) -> None:
    before, file = len(line.tickets()), tmp_path / "heard.wav"
    says = tone(tmp_path / "says.wav", 1000)
    outside = asyncio.create_task(_outside(line, tmp_path, answer, 5))
    await asyncio.sleep(2)
    await asyncio.to_thread(line.call, LINE, "--press", ",,3", "--talk", str(says), "--for", "40", "--save", str(file))
    there = await outside
    sound, _ = soundfile.read(file)
    if answer:
        assert there is not None
        assert heard(line, file, "reached") > 0.8
        assert any(power(sound[at : at + 8000], 440) > 0.9 for at in range(0, len(sound) - 8000, 4000))
        assert power(soundfile.read(there)[0][8000:], 1000) > 0.9, "the outside hears the caller"
    else:
        assert heard(line, file, "nobody") > 0.8
    ticket = await asyncio.to_thread(line.newest_ticket, before)
    assert ticket["fields"]["outcome"] == ("served" if answer else "self-served")
    await asyncio.to_thread(line.quiet)


def test_a_caller_who_hangs_up_while_it_rings_outside_leaves_nothing_ringing(
    line: Installation, tmp_path: Path
) -> None:
    async def ring() -> str:
        port = int(line.settings.sip.trunk_to.rpartition(":")[2])
        account = Account(OUTSIDE, "127.0.0.1", line.settings.ports.sip, listen=port)
        async with Phone(tree.ensure(print), account, folder=tmp_path / "phone") as phone:
            caller = asyncio.create_task(asyncio.to_thread(line.call, LINE, "--press", ",,3", "--for", "6"))
            await phone.wait_for("INCOMING", within=30)
            closed = await phone.wait_for("CLOSED", within=30)
            await caller
            return closed.type

    before = len(line.tickets())
    assert asyncio.run(ring()) == "CLOSED"
    line.newest_ticket(before)
    line.quiet()


@pytest.mark.parametrize(("key", "recorded"), [("5", False), ("6", True)])
def test_an_objection_is_not_recorded_and_a_pause_is_silence(
    line: Installation, tmp_path: Path, key: str, recorded: bool
) -> None:
    line.ivr("operators", "add", f"55{key}", "--name", "Eva", "--languages", "it", "--queues", "all")
    time.sleep(2.5)
    before = len(line.tickets())
    says = tone(tmp_path / "says.wav", 1000)
    with line.desk(f"55{key}", "--hang-up-after", "5", "--calls", "1") as desk:
        line.call(LINE, "--press", f",,{key}", "--talk", str(says), "--for", "40")
        assert desk.process.wait(timeout=40) == 0
    ticket = line.newest_ticket(before)
    if recorded:
        out = tmp_path / "out.wav"
        line.ivr("recordings", "export", str(newest_recording(line, ticket)["id"]), str(out))
        sound, _ = soundfile.read(out)
        loud = np.flatnonzero(np.abs(sound).max(axis=1) > 0.01) / 8000
        assert len(sound) > 8000 and not len(loud), f"{len(loud) / 8000} s of sound, from {loud[0]} to {loud[-1]} s"
    else:
        time.sleep(3)
        assert all(row["call_id"] != ticket["call_id"] for row in line.ivr("recordings", "list"))
        assert not list(line.settings.spool.glob(f"{ticket['call_id']}*"))


def test_secret_digits_are_in_no_file_of_the_installation(line: Installation, tmp_path: Path) -> None:
    before, pin = len(line.tickets()), "80519"
    line.call(LINE, "--press", f",,7,,,{pin}", "--for", "20")
    ticket = line.newest_ticket(before)
    database = sqlite3.connect(line.data / "database.sqlite3")
    journey = database.execute("select detail from journey where call_id = ?", (ticket["call_id"],)).fetchall()
    assert any("count" in row[0] for row in journey) and all(pin not in row[0] for row in journey)
    line.quiet()
    for file in line.data.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert pin.encode() not in content, file
            assert " ".join(pin).encode() not in content, file
