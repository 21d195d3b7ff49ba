"""The robot phone as a real SIP phone: it says, hears, presses keys, registers, and ends with its owner."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from asterisk_conf import tree
from ivr.phone.phone import Account, Phone, PhoneError
from tests.asterisk import Asterisk

DIALPLAN = """
[citizens](+)
exten => echo,1,Answer()
 same => n,Echo()
exten => keys,1,Answer()
 same => n,Read(KEYS,,8,,1,8)
 same => n,Set(GLOBAL(KEYS)=${KEYS})
 same => n,Hangup()
exten => busy,1,Hangup(17)
"""


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    one = Asterisk(tmp_path_factory.mktemp("asterisk"), DIALPLAN, modules=("app_echo", "app_read", "func_global"))
    one.start()
    yield one
    one.kill()


def phone(asterisk: Asterisk, folder: Path, talk: Path | None = None) -> Phone:
    account = Account("+390612345678", "127.0.0.1", asterisk.ports.sip)
    return Phone(tree.ensure(print), account, folder=folder, talk=talk)


def tone(path: Path, rate: int, channels: int) -> Path:
    wave = 0.3 * np.sin(2 * np.pi * 1000 * np.arange(rate * 10) / rate)
    soundfile.write(path, np.stack([wave] * channels, axis=1), rate)
    return path


async def test_what_it_says_comes_back_as_what_it_hears(asterisk: Asterisk, tmp_path: Path) -> None:
    """Any WAV: here 44.1 kHz in two channels."""
    async with phone(asterisk, tmp_path / "phone", tone(tmp_path / "talk.wav", 44100, 2)) as one:
        await one.dial("echo")
        await one.wait_for("ESTABLISHED", within=10)
        await asyncio.sleep(3)
        await one.hangup()
        await one.wait_for("CLOSED", within=5)
    for file in (one.said, one.heard):
        samples, rate = soundfile.read(file)
        assert rate == 8000 and samples.ndim == 1
        spectrum = np.abs(np.fft.rfft(samples[8000:16000])) ** 2
        assert spectrum[990:1011].sum() / spectrum.sum() > 0.9


async def test_keys_arrive_as_pressed(asterisk: Asterisk, tmp_path: Path) -> None:
    async with phone(asterisk, tmp_path) as one:
        await one.dial("keys")
        await one.wait_for("ESTABLISHED", within=10)
        await one.press(",0192*#")
        await one.wait_for("CLOSED", within=10)
    assert "KEYS=0192*\n" in asterisk.command("dialplan show globals")


async def test_a_call_that_is_not_taken_is_closed_with_its_reason(asterisk: Asterisk, tmp_path: Path) -> None:
    async with phone(asterisk, tmp_path) as one:
        await one.dial("busy")
        closed = await one.wait_for("CLOSED", "ESTABLISHED", within=10)
        assert closed.type == "CLOSED" and "486" in closed.reason
        with pytest.raises(PhoneError, match="no call with sound"):
            _ = one.heard


async def test_a_registration_that_is_refused(asterisk: Asterisk, tmp_path: Path) -> None:
    account = Account("op-4271", "127.0.0.1", asterisk.ports.sip, "wrong", register=True)
    async with Phone(tree.ensure(print), account, folder=tmp_path) as one:
        with pytest.raises(PhoneError, match="op-4271"):
            await one.registered(within=3)


def test_its_password_is_for_its_owner_only(asterisk: Asterisk, tmp_path: Path) -> None:
    account = Account("op-4271", "127.0.0.1", asterisk.ports.sip, "wrong", register=True)
    Phone(tree.ensure(print), account, folder=tmp_path)._configure(5062, 5070)
    assert (tmp_path / "accounts").stat().st_mode & 0o077 == 0


async def test_something_to_say_that_is_no_sound(asterisk: Asterisk, tmp_path: Path) -> None:
    (tmp_path / "talk.wav").write_text("no sound")
    with pytest.raises(PhoneError, match=r"talk\.wav: .*[Ff]ormat"):
        async with phone(asterisk, tmp_path / "phone", tmp_path / "talk.wav"):
            pass


OWNER = """
import asyncio, sys
from pathlib import Path
from asterisk_conf import tree
from ivr.phone.phone import Account, Phone

async def main():
    async with Phone(tree.ensure(str), Account("1", "127.0.0.1", 9), folder=Path(sys.argv[1])) as phone:
        print(phone._process.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_it_ends_with_its_owner(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    os.kill(pid, 0)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    deadline = time.monotonic() + 10
    while (status := Path(f"/proc/{pid}/stat")).exists() and status.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline, "the phone lives on"
        time.sleep(0.1)
