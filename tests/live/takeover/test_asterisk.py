"""One controller alone loses Asterisk; Asterisk is slow; what a crash left there goes."""

import asyncio
import os
import signal
from pathlib import Path

import aiohttp

from asterisk_conf.render import APP_PREFIX, ARI_USER
from ivr.ari import ids
from ivr.cli.installation import secret
from tests.live.conftest import Installation
from tests.live.takeover.citizen import (
    beating,
    citizen,
    pids,
)


async def test_one_that_alone_loses_asterisk_leaves_its_calls_to_the_others(
    house: Installation, tmp_path: Path
) -> None:
    """Its commands and events go through a relay, which is cut."""
    async with Relay(house.settings.ports.ari) as relay:
        third = house.place_controller("controller-3", PORTS__ARI=str(relay.port))
        try:
            await beating(house, 3)
            async with citizen(house, tmp_path, "+390471000801") as one:
                others = [pid for name, pid in pids(house).items() if name != "controller-3"]
                for pid in others:
                    os.kill(pid, signal.SIGSTOP)
                try:
                    await one.dial()
                finally:
                    for pid in others:
                        os.kill(pid, signal.SIGCONT)
                await one.noted("node", "ask")
                assert one.row.controller == "controller-3"
                await one.phone.press(",,,12")
                await asyncio.sleep(3.5)
                relay.cut()
                took = await one.goes_on()
                print(f"after its controller has lost Asterisk, a call goes on elsewhere after {took:.2f} s")
                assert took < 2.5 and one.row.controller != "controller-3"
                relay.mend()
                await one.keys_the_code(",3456")
            kinds = one.kinds()
            assert kinds.count("digits") == kinds.count("continued") == kinds.count("ended") == 1
            await beating(house, 3)
            await asyncio.to_thread(house.ivr, "drain", "controller-3")
            assert await asyncio.to_thread(third.wait, 20) == 0
        finally:
            third.kill()
            third.wait()
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_asterisk_that_is_slow_again_and_again_costs_nothing_and_what_is_nobodys_goes(
    house: Installation, tmp_path: Path
) -> None:
    asterisk = house.status()["asterisk"]["pid"]
    nobodys = f"{ids.new_call()}-bridge-1", f"{ids.new_call()}-operator-1"
    await make(house, "bridges/" + nobodys[0], type="mixing")
    await make(
        house, "channels/create", channelId=nobodys[1], endpoint=f"PJSIP/outside/sip:1@{house.settings.sip.trunk_to}",
        app=f"{APP_PREFIX}controller-1", appArgs="resumed",
    )  # fmt: skip
    assert nobodys[0] in house.asterisk("bridge show all") and house.channels() == 1

    async def slow(seconds: float) -> None:
        os.kill(asterisk, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(asterisk, signal.SIGCONT)

    async with citizen(house, tmp_path, "+390471000901") as one:
        await one.dial()
        await one.noted("prompt")
        await asyncio.sleep(1.0)
        await slow(2.0)
        await one.noted("node", "ask", within=30)
        await slow(4.0)
        await one.phone.press(",,123456")
        await asyncio.sleep(1.0)
        await slow(2.0)
        await one.noted("node", "payments", within=40)
        await one.phone.wait_for("CLOSED", within=40)
        assert (await one.over()).fields["code"] == "123456"
    nodes = [row.node for row in one.journey() if row.kind == "node"]
    assert len(nodes) == len(set(nodes)) and one.kinds().count("digits") == one.kinds().count("ended") == 1
    house.until(lambda: nobodys[0] not in house.asterisk("bridge show all") and not house.channels(), 25)
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def make(house: Installation, what: str, **query: str) -> None:
    """Something that nobody knows of, in Asterisk."""
    headers = {"Authorization": aiohttp.encode_basic_auth(ARI_USER, secret(house.settings, "asterisk"))}
    url = f"http://127.0.0.1:{house.settings.ports.ari}/ari/{what}"
    async with aiohttp.ClientSession(headers=headers) as http, http.post(url, params=query) as answer:
        assert answer.status == 200, await answer.text()


class Relay:
    """Between one controller and Asterisk. Cut, it takes connections and ends them: one that is refused would say that
    Asterisk is dead."""

    def __init__(self, to: int) -> None:
        self._to, self._whole = to, True
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "Relay":
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()

    def mend(self) -> None:
        self._whole = True

    def cut(self) -> None:
        self._whole = False
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.close()
            return
        there, to = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers |= {writer, to}
        await asyncio.gather(_pipe(reader, to), _pipe(there, writer), return_exceptions=True)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()
