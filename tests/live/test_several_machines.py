"""A controller on another machine than Asterisk: it serves calls; and when one of the two dies, or the wire between
them is cut, the other goes on with them."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import soundfile

from ivr.calls.neighbours import AreYouThere, Here
from ivr.cli.installation import link_key
from ivr.link.client import Client
from ivr.link.key import Key
from ivr.link.messages import LinkError
from ivr.store import controllers
from ivr.store.database import Database
from ivr.store.schema import Controller
from tests import machine, postgresql
from tests.live.conftest import ROOT, Installation
from tests.live.sound import RATE
from tests.live.takeover.citizen import (
    ANNA,
    FLOW,
    NUMBER,
    OTHER_FLOW,
    OTHER_NUMBER,
    QUEUES,
    Citizen,
    Ears,
    anna,
    citizen,
    longest,
    pids,
    recordings,
)

pytestmark = pytest.mark.skipif(bool(machine.missing()), reason=machine.missing())
HERE, THERE = "controller-1", "far-1"
PATIENCE = 4.0  # seconds after which the question is asked again


class House(Installation):
    """Controller HERE where Asterisk is, THERE on the other machine."""

    def __init__(self, data: Path, far: machine.Machine, **settings: str) -> None:
        super().__init__(data, **settings)
        self.far, self.folder = far, data / "far"
        self._there: subprocess.Popen[bytes] | None = None

    def join(self, *arguments: str) -> None:
        self.folder.mkdir(exist_ok=True)
        run = [sys.executable, "-m", "ivr.cli.main", "controller", THERE, "--data", str(self.folder / "data")]
        with (self.settings.logs / f"controller-{THERE}.log").open("ab") as log:
            self._there = subprocess.Popen(self.far.command(*run, *arguments), cwd=ROOT, stdout=log, stderr=log)

    @property
    def there(self) -> int:
        """Its process."""
        assert self._there is not None
        return self._there.pid

    def kill_there(self) -> None:
        assert self._there is not None
        self._there.kill()
        self._there.wait()

    def leave(self) -> None:
        if self._there is not None and self._there.poll() is None:
            self._there.terminate()
            assert self._there.wait(timeout=30) == 0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("house")
    flows = data / "designers"
    flows.mkdir()
    line = FLOW.replace(" al servizio di assistenza, che oggi risponde dalle otto alle venti", "")
    (flows / "line.flow.yaml").write_text(line.replace("timeout: 15s", f"timeout: {PATIENCE:.0f}s"), "utf-8")
    (flows / "other.flow.yaml").write_text(OTHER_FLOW, "utf-8")
    (flows / "queues.yaml").write_text(QUEUES, "utf-8")
    with TemporaryDirectory(prefix="ivr-pg-") as folder, machine.machine() as far:
        server = postgresql.Server(Path(folder), far.network)
        server.start()
        one = House(
            data, far, STORE__URL=f"postgresql+psycopg://postgres@{far.here}/postgres?sslmode=disable",
            MACHINES__LISTEN=far.here, FLOWS__FOLDER=str(flows), RECORDINGS__SPEECH="false",
        )  # fmt: skip
        one.start()
        try:
            one.ivr("operators", "add", ANNA, "--name", "Anna", "--languages", "it", "--queues", "all")
            one.ivr("invite", str(data / "invitation"))
            assert (data / "invitation").stat().st_mode & 0o777 == 0o600
            one.join("--join", str(data / "invitation"))
            asyncio.run(together(one))
            yield one
        finally:
            one.leave()
            assert one.stop() == 0
            server.stop()


@pytest.fixture
async def both(house: House) -> None:
    await together(house)


async def together(house: House) -> None:
    """Both controllers answer over their links, each the newest of its name, and have Asterisk."""
    settings, found = house.settings, set[str]()
    store, key = Database(settings.database_url), link_key(settings)
    async with asyncio.timeout(90):
        while found != {HERE, THERE}:
            with store.read() as session:
                rows = controllers.alive(session, datetime.now(UTC))
            found = {row.id for row in rows if await answers(row, key)}
            await asyncio.sleep(0.2)


async def answers(row: Controller, key: Key) -> bool:
    try:
        async with Client(row.address, key) as client:
            here: Here = await client.ask(AreYouThere(), Here, within=2.0)
    except LinkError:
        return False
    return here.asterisk and abs(here.begun - row.started_at.timestamp()) < 0.001


async def dial(house: House, one: Citizen, number: str, node: str, controller: str = THERE) -> None:
    """And be with this controller: the other stands still while the call comes."""
    still = pids(house)[HERE] if controller == THERE else house.there
    os.kill(still, signal.SIGSTOP)
    try:
        await one.dial(number)
        await one.noted("node", node)
    finally:
        os.kill(still, signal.SIGCONT)
    assert one.row.controller == controller


async def test_a_call_is_served_from_the_other_machine(house: House, both: None, tmp_path: Path) -> None:
    async with anna(house, tmp_path) as operator, citizen(house, tmp_path, "+390471000201") as one:
        await dial(house, one, NUMBER, "hello")
        await one.noted("node", "ask")
        await one.phone.press("123456")
        await operator.wait_for("INCOMING", within=20)
        await operator.answer()
        await one.noted("connected")
        await asyncio.sleep(3)
        await one.phone.hangup()
        ticket = await one.over()
        assert ticket.fields["code"] == "123456" and ticket.fields["operator"] == ANNA
        assert one.row.controller == THERE, "nobody else had a part in it"
        [recording] = await recordings(one)
        assert recording.complete and recording.seconds > 2
        assert longest(one.phone.heard, 440.0) > 2.0
    ears = Ears(house)
    assert ears.likeness(one.phone.heard, "hello") > 0.8, "made ahead"
    said = list((house.settings.prompts_folder / "said" / "it").iterdir())
    assert said, "and during the call, where Asterisk is"
    assert not list((house.folder / "data").glob("spool")) and not list((house.folder / "data").rglob("*.wav"))


async def test_a_message_is_taken_in_where_asterisk_is(house: House, both: None, tmp_path: Path) -> None:
    async with citizen(house, tmp_path, "+390471000202") as one:
        await dial(house, one, OTHER_NUMBER, "choose")
        await one.phone.press(",1")
        await one.noted("node", "message")
        await asyncio.sleep(5)
        await one.phone.press("#")
        await one.over()
        [recording] = await recordings(one)
        assert recording.kind == "message" and recording.seconds > 1


async def test_when_one_is_killed_here_the_call_goes_on_there(house: House, both: None, tmp_path: Path) -> None:
    async with citizen(house, tmp_path, "+390471000203") as one:
        await dial(house, one, NUMBER, "hello", HERE)
        await asyncio.sleep(0.5)
        os.kill(pids(house)[HERE], signal.SIGKILL)
        assert await one.goes_on() < 4 and one.row.controller == THERE
        await one.noted("node", "ask")
        await one.keys_the_code("123456")


async def test_when_it_is_killed_the_call_goes_on_here(house: House, both: None, tmp_path: Path) -> None:
    async with citizen(house, tmp_path, "+390471000204") as one:
        await dial(house, one, NUMBER, "hello")
        await asyncio.sleep(0.5)
        house.kill_there()
        assert await one.goes_on() < 4 and one.row.controller == HERE
        await one.noted("node", "ask")
        await one.keys_the_code("123456")
    house.join()


async def test_one_that_was_cut_off_leaves_its_calls_alone(house: House, both: None, tmp_path: Path) -> None:
    """Its own clock says, while it is cut off, that the question is to be asked again."""
    async with anna(house, tmp_path) as operator, citizen(house, tmp_path, "+390471000205") as one:
        await dial(house, one, NUMBER, "ask")
        await asyncio.sleep(0.5)
        house.far.cut()
        try:
            assert await one.goes_on() < 4 and one.row.controller == HERE
            await one.phone.press("123456")
            await operator.wait_for("INCOMING", within=20)
            await operator.answer()
            await one.noted("connected")
            await asyncio.sleep(PATIENCE)
        finally:
            house.far.mend()
        await together(house)
        await asyncio.sleep(2)
        await one.phone.hangup()
        assert (await one.over()).fields["code"] == "123456"
        assert one.row.controller == HERE and one.kinds().count("continued") == 1
        [recording] = await recordings(one)
        assert recording.complete
        heard, _ = soundfile.read(one.phone.heard)
        assert longest(one.phone.heard, 440.0) > PATIENCE + 2, f"of {len(heard) / RATE:.1f} s: nothing came between"
    log = (house.settings.logs / f"controller-{THERE}.log").read_text()
    assert "another controller has this call now" in log


def test_nobody_gets_in_without_the_certificate(house: House, both: None) -> None:
    ports = house.settings.ports
    for port in (ports.link_first, ports.media):
        context = ssl.create_default_context(cafile=str(house.settings.secrets / "machines-certificate.pem"))
        context.check_hostname = False
        with (
            pytest.raises((ssl.SSLError, ConnectionError)),
            socket.create_connection((house.far.here, port), timeout=3) as plain,
            context.wrap_socket(plain) as encrypted,
        ):
            encrypted.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert encrypted.recv(100) == b""
            raise ConnectionError
    with (
        socket.create_connection((house.far.here, ports.ari_tls), timeout=3) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(plain, server_hostname=house.far.here)
    for port in (ports.ari, ports.ami, ports.health, ports.listening):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((house.far.here, port), timeout=3)


def test_what_is_in_the_way_is_said(house: House) -> None:
    told = house.fails("invite", str(house.data / "invitation"))
    assert "cannot be made" in told
