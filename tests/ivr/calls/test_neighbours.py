"""Controllers that watch each other over real links; one is a process of its own, which is killed and stopped."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from ivr.calls.heirs import HANGS
from ivr.calls.neighbours import Neighbours
from ivr.store.schema import Controller

TOKEN = "of-the-tests"
BEGUN = datetime(2026, 11, 24, 9, 0, 0, 123457, tzinfo=UTC)
OTHER = f"""
import asyncio, sys
from ivr.calls.neighbours import AreYouThere, Here
from ivr.link.server import Server

async def main():
    server = Server("{TOKEN}")
    server.on(AreYouThere, lambda _: Here({BEGUN.timestamp()!r}, sys.argv[1] == "hears"))
    print(await server.listen(range(41000, 42000)), flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


class Watch:
    def __init__(self, address: str, beside: str) -> None:
        self.address, self.hears, self.beside = address, True, beside
        self.told: list[tuple[str, float]] = []
        self.neighbours = Neighbours("me", TOKEN, lambda: self.hears, self._gone)

    async def _gone(self, name: str, beside: bool) -> None:
        assert beside == (self.beside == "asterisk")
        self.told.append((name, time.monotonic()))

    async def until_told(self, within: float) -> float:
        """Seconds until it was."""
        begun = time.monotonic()
        while not self.told:
            assert time.monotonic() < begun + within, "nobody was told"
            await asyncio.sleep(0.02)
        return self.told[0][1] - begun


@asynccontextmanager
async def other(
    manner: str = "hears", beside: str = "asterisk"
) -> AsyncIterator[tuple["subprocess.Popen[str]", Watch]]:
    command = [sys.executable, "-c", OTHER, manner]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220 it takes no time
    assert process.stdout is not None
    address = (await asyncio.to_thread(process.stdout.readline)).strip()
    watch = Watch(address, beside)
    row = Controller(
        id="other", pid=process.pid, started_at=BEGUN, seen_at=BEGUN, calls=0, address=address, asterisk=beside
    )
    watch.neighbours.look([row])
    watching = asyncio.create_task(watch.neighbours.run())
    try:
        await asyncio.sleep(0.5)
        yield process, watch
    finally:
        watching.cancel()
        watch.neighbours.close()
        process.kill()
        process.wait()
        process.stdout.close()


async def test_a_death_is_known_at_once() -> None:
    async with other() as (process, watch):
        assert watch.neighbours.there == ["other"] and not watch.told
        process.kill()
        assert await watch.until_told(1.0) < 1.0
        await asyncio.sleep(0.5)
        assert len(watch.told) == 1 and watch.neighbours.there == []


async def test_one_that_hangs_is_known_within_a_second_and_is_back_when_it_answers() -> None:
    async with other() as (process, watch):
        os.kill(process.pid, signal.SIGSTOP)
        assert await watch.until_told(1.3) < 1.3
        os.kill(process.pid, signal.SIGCONT)
        async with asyncio.timeout(3):
            while watch.neighbours.there != ["other"]:  # noqa: ASYNC110 as a supervisor would look
                await asyncio.sleep(0.02)


async def test_one_that_hangs_for_long_is_told_from_one_that_is_dead_or_that_we_did_not_hear() -> None:
    async with other() as (process, watch):
        os.kill(process.pid, signal.SIGSTOP)
        begun = time.monotonic()
        await watch.until_told(1.3)
        assert not watch.neighbours.hangs("other"), "it may wake up yet"
        time.sleep(HANGS)  # noqa: ASYNC251 we stand still
        assert not watch.neighbours.hangs("other")
        await asyncio.sleep(0.3)
        assert not watch.neighbours.hangs("other")
        async with asyncio.timeout(HANGS + 1):
            while not watch.neighbours.hangs("other"):  # noqa: ASYNC110 as the takeover looks
                await asyncio.sleep(0.02)
        assert watch.neighbours.hangs("other") == process.pid and time.monotonic() - begun > 2 * HANGS
        process.kill()
        async with asyncio.timeout(3):
            while watch.neighbours.hangs("other"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_who_slept_judges_nobody_by_it() -> None:
    async with other() as (_, watch):
        time.sleep(1.5)  # noqa: ASYNC251 we stand still, and the answers wait to be read
        await asyncio.sleep(0.6)
        assert not watch.told


@pytest.mark.parametrize(("hears", "told"), [(True, 1), (False, 0)])
async def test_one_that_has_lost_asterisk(hears: bool, told: int) -> None:
    async with other("deaf") as (_, watch):
        watch.hears = hears
        await asyncio.sleep(1.5)
        assert len(watch.told) == told


async def test_another_process_at_its_address_is_not_it() -> None:
    async with other() as (_, watch):
        later = datetime.now(UTC)
        watch.neighbours.look(
            [
                Controller(
                    id="former", pid=1, started_at=later, seen_at=later, calls=0, address=watch.address,
                    asterisk="asterisk",
                )
            ]
        )  # fmt: skip
        await watch.until_told(1.0)
        assert watch.told[0][0] == "former"


async def test_of_several_machines_one_that_has_asterisk_speaks_for_all() -> None:
    def row(name: str, host: str) -> Controller:
        return Controller(
            id=name, pid=1, started_at=BEGUN, seen_at=BEGUN, calls=0, address=f"{host}:9", asterisk="asterisk"
        )

    here, there = "198.18.0.1", "198.18.0.2"
    far = Neighbours("a", TOKEN, lambda: True, _nobody, "asterisk", (there, here))
    near = Neighbours("b", TOKEN, lambda: True, _nobody, "asterisk", (here, here))
    assert far.first and near.first, "alone"
    far.look([row("b", here), row("c", there)])
    near.look([row("a", there)])
    assert near.first and not far.first
    assert far.local("c") and not far.local("b") and not far.local("unknown"), "whose lock can be looked at"
    far.forget()
    assert far.first and not far.known
    near.close()


async def _nobody(name: str, beside: bool) -> None: ...


async def test_one_on_another_asterisk_is_watched_and_is_no_heir() -> None:
    async with other("deaf", "asterisk-2") as (process, watch):
        watch.hears = False
        await asyncio.sleep(1.3)
        assert not watch.told, "its Asterisk is none of our business"
        assert watch.neighbours.there == [] and watch.neighbours.known == ["other"] and watch.neighbours.first
        process.kill()
        await watch.until_told(1.0)
