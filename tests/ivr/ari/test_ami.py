"""AMI on a real Asterisk: refused actions, no connection, and a connection that comes back."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from asterisk_conf.render import ARI_USER
from ivr.ari import ids
from ivr.ari.ami import Ami
from ivr.ari.errors import AriError
from tests.asterisk import PASSWORD, Asterisk
from tests.ivr.ari.conftest import line
from tests.ivr.ari.test_client import call


async def until_up(one: Ami) -> None:
    async with asyncio.timeout(15):
        while not one.up:  # noqa: ASYNC110 panoramisk's to know
            await asyncio.sleep(0.05)


@pytest.fixture
async def ami(asterisk: Asterisk) -> AsyncIterator[Ami]:
    one = Ami(asterisk.ports.ami, ARI_USER, PASSWORD)
    await one.connect()
    await until_up(one)
    yield one
    one.close()


async def test_a_recording_is_started_and_stopped(asterisk: Asterisk, ami: Ami, tmp_path: Path) -> None:
    async with line(asterisk.ports.ari) as one:
        await one.up()
        channel, file = ids.new_call(), tmp_path / "call-1/caller.sln"
        await call(one, channel)
        await one.ari.play(channel, "tone", ["tone:1004/60000"])
        await ami.action({"Action": "MixMonitor", "Channel": channel, "File": "", "Options": f"r({file})"})
        await asyncio.sleep(1)
        assert (await ami.action({"Action": "StopMixMonitor", "Channel": channel}))["Response"] == "Success"
        await one.ari.hang_up(channel)
        assert file.stat().st_size > 8_000  # half a second of 8 kHz, 16 bit


async def test_what_asterisk_refuses_is_told_with_its_reason(ami: Ami) -> None:
    with pytest.raises(AriError, match=r"AMI MixMonitor: 400 .*[Nn]o such channel"):
        await ami.action({"Action": "MixMonitor", "Channel": "gone", "File": "/nowhere.sln", "Options": ""})


async def test_what_we_may_not_do_is_refused(ami: Ami) -> None:
    """Our account may record; it may not, for example, run commands."""
    with pytest.raises(AriError, match="AMI Command: 400 Permission denied"):
        await ami.action({"Action": "Command", "Command": "core show version"})


async def test_without_a_connection_an_action_is_refused_at_once() -> None:
    one = Ami(1, ARI_USER, PASSWORD)
    await one.connect()
    with pytest.raises(AriError, match="AMI MixMonitor: no connection"):
        await one.action({"Action": "MixMonitor"})


async def test_it_comes_back_after_asterisk_was_restarted(asterisk: Asterisk, ami: Ami) -> None:
    await ami.action({"Action": "Ping"})
    await asyncio.to_thread(asterisk.kill)
    begun = time.monotonic()
    with pytest.raises(AriError, match="no connection"):
        await ami.action({"Action": "Ping"})
    assert time.monotonic() - begun < 1
    await asyncio.to_thread(asterisk.start)
    await until_up(ami)
    await ami.action({"Action": "Ping"})
