"""A house of its own for benchmarks: Asterisk with a plain dialplan beside the controller's, and the controller."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from asterisk_conf import render, tree
from bench.queues.crowd import Phones
from ivr.calls import phones
from ivr.cli.installation import free_base, make_folders, secret
from ivr.cli.installation import library as open_library
from ivr.flow.loader import load as load_flows
from ivr.publishing.publish import publish
from ivr.settings import load
from ivr.store import controllers, operators
from ivr.store.database import Database

OPERATOR = "4271"
RTP = {"PORTS__RTP_FIRST": "10000", "PORTS__RTP_LAST": "15999"}  # two a call: 3,000 calls
FLOWS = Path(__file__).parent / "flows"
TICK = os.sysconf("SC_CLK_TCK")
PLAIN = """
[citizens](+)
exten => plain,1,Goto(plain,s,1)
exten => plain-queue,1,Goto(plain-queue,s,1)
exten => asyncari,1,Stasis(bench-asyncari)
exten => node,1,Stasis(bench-node)
 same => n,Hangup()

[plain]
exten => s,1,Answer()
 same => n,Background({prompt})
 same => n,WaitExten(5)
exten => 1,1,Hangup()

[plain-queue]
exten => s,1,Answer()
 same => n,Background({prompt})
 same => n,WaitExten(5)
exten => 1,1,MusicOnHold(default,1)
 same => n,Hangup()
"""


class House:
    """`async with House() as house`: `house.sip`, `house.controller` and `house.asterisk` (pids), `house.prompt`.

    Its one operator is at a training: while their phone is there (`house.phone()`), calls may wait for them."""

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="ivr-bench-")
        data = Path(self._folder.name)
        base = free_base()
        self._environment = os.environ | {
            f"NUMERO_NERO_{name}": value
            for name, value in (RTP | {"FLOWS__FOLDER": str(FLOWS), "PORTS__BASE": str(base)}).items()
        }
        settings = load(data, environment=self._environment)
        make_folders(settings)
        database = Database(settings.database_url)
        database.migrate()
        with database.transaction() as session:
            now = datetime.now(UTC)
            operators.add(session, OPERATOR, "Anna", ["en"], ["all"], now)
            operators.set_presence(session, OPERATOR, "paused", now, reason="training")
        library = open_library(settings)
        book = load_flows(FLOWS)
        publish(database, FLOWS, library, tests=lambda _: [], author="bench", note="")
        self.prompt = library.file(book.flows["bench"].prompts["choose"].say("en")).with_suffix("")
        ports = settings.ports
        self.sip, self.ari, self.password = ports.sip, ports.ari, secret(settings, "asterisk")
        sockets = render.Sockets(
            "127.0.0.1", ("127.0.0.1",), ports.sip, ports.sips, ports.ari, ports.ami, ports.rtp_first, ports.rtp_last
        )
        self._tree = got = tree.ensure(print)
        self._phones = secret(settings, "phones")
        configuration = render.render(
            got,
            data / "asterisk",
            logs=settings.logs,
            sockets=sockets,
            password=self.password,
            fallback=render.Fallback((str(self.prompt),), str(self.prompt), str(self.prompt)),
            plain_dialplan=PLAIN.format(prompt=self.prompt),
        )
        log = (settings.logs / "bench.log").open("wb")
        self._children = [
            subprocess.Popen(got.argv("asterisk", "-f", "-C", str(configuration)), stdout=log, stderr=log)
        ]
        while not _listens(ports.ari):
            await asyncio.sleep(0.1)
        self._children.append(
            subprocess.Popen(
                [sys.executable, "-m", "ivr.cli.main", "controller", "controller-1", "--data", str(data)],
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        )
        self.asterisk, self.controller = (child.pid for child in self._children)
        deadline = time.monotonic() + 30
        while True:
            with database.read() as session:
                if controllers.alive(session, datetime.now(UTC)):
                    return self
            if time.monotonic() > deadline:
                raise RuntimeError((settings.logs / "bench.log").read_text())
            await asyncio.sleep(0.2)

    def phone(self) -> Phones:
        passwords = {OPERATOR: phones.password(self._phones, OPERATOR)}
        return Phones(self._tree, Path(self._folder.name), self.sip, passwords, ring=1, talk=5)

    async def __aexit__(self, *_: object) -> None:
        for child in reversed(self._children):
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(20)
        self._folder.cleanup()


def cpu(pid: int) -> float:
    """Seconds of CPU a process has used."""
    return _seconds(Path(f"/proc/{pid}/stat"))


def threads(pid: int) -> dict[str, float]:
    """Seconds of CPU by thread: the first is the event loop, a named one goes by its name, all others are `rest`."""
    used = {"event loop": 0.0}
    for task in sorted(Path(f"/proc/{pid}/task").iterdir(), key=lambda path: int(path.name)):
        name = (task / "comm").read_text().strip()
        thread = "event loop" if task.name == str(pid) else name if name.startswith("store") else "rest"
        used[thread] = used.get(thread, 0.0) + _seconds(task / "stat")
    return used


def _seconds(stat: Path) -> float:
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
