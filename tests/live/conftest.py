"""One installation of its own for the live tests: real Asterisk, real SIP, ports that nobody else has."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import soundfile
from sqlalchemy import select

from asterisk_conf import tree
from ivr.cli.installation import free_base
from ivr.cli.installation import library as open_library
from ivr.cli.status import status
from ivr.flow import builtin
from ivr.flow.loader import load as load_flows
from ivr.phone.hearing import likeness
from ivr.settings import Settings, load
from ivr.store.database import Database
from ivr.store.schema import Call, Ticket
from ivr.tickets import embedded

ROOT = Path(__file__).parents[2]
# A Tuesday morning in Rome: the assistance line is open, whenever the tests run.
OPEN = "2026-11-24T10:00:00+01:00"
# Keys of a caller from Bolzano on the way to an operator for payments in German, and then through the survey.
GERMAN_PAYMENTS = ",,,,,,1" + "," * 7 + "1,,2"
SURVEY = "," * 14 + "5,,,,,4"


class Installation:
    def __init__(self, data: Path, at: str = "", **settings: str) -> None:
        """`at`: what flows take for the time of its start; "": the real one. `settings` by the names of their
        variables, as `HTTP__ALLOW`."""
        self.data = data
        self._settings = {f"NUMERO_NERO_{name}": value for name, value in settings.items()}
        if at:
            self._settings["NUMERO_NERO_CLOCK__AT"] = at
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.begin()
        assert self._process is not None
        deadline = time.monotonic() + 120
        while not self.status()["ready"]:
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(self.output.read_text())
            time.sleep(0.2)

    def begin(self) -> None:
        """To start; what it says is in `output`."""
        environment = os.environ | self._settings
        self.output = self.data / "up.out"
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ivr.cli.main", "up", "--data", str(self.data), "--base-port", str(free_base())],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=60)

    @property
    def settings(self) -> Settings:
        return load(self.data, environment=self._settings)

    def ivr(self, *arguments: str, ok: bool = True) -> Any:
        """Run `ivr … --json`; returns what it printed, read."""
        done = self._run(*arguments)
        if ok:
            assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.startswith(("[", "{")) else done.stdout

    def steps(self, *arguments: str) -> list[dict[str, Any]]:
        """Run `ivr … --json` that tells each step on a line of its own."""
        done = self._run(*arguments)
        assert done.returncode == 0, done.stderr + done.stdout
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ivr.cli.main", *arguments, "--data", str(self.data), "--json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=170,
            env=os.environ | self._settings,
        )

    def tape(self, recording: str) -> "np.ndarray[Any, Any]":
        """A recording's samples: a row a frame, left the caller, right what they heard."""
        with TemporaryDirectory() as folder:
            file = Path(folder) / "tape.wav"
            self.ivr("recordings", "export", recording, str(file))
            return soundfile.read(file)[0]

    def fails(self, *arguments: str) -> str:
        """Run `ivr …` that finds a problem; returns the one line that says so."""
        done = subprocess.run(
            [sys.executable, "-m", "ivr.cli.main", *arguments, "--data", str(self.data)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            env=os.environ | self._settings,
        )
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
        return done.stderr

    def until(self, true: Callable[[], bool], within: float = 15.0) -> None:
        deadline = time.monotonic() + within
        while not true():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.2)

    def status(self) -> Any:
        """What `ivr status` tells, without the start of a program: tests ask often."""
        return json.loads(json.dumps(status(self.settings), default=str))

    def call(self, *arguments: str, ok: bool = True) -> Any:
        return self.ivr("call", *arguments, ok=ok)

    def log(self) -> str:
        return (self.data / "logs" / "controller-1.log").read_text()

    def place(self, *arguments: str) -> "subprocess.Popen[str]":
        """A call in the background; its steps come line by line."""
        command = [sys.executable, "-m", "ivr.cli.main", "call", *arguments, "--data", str(self.data)]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def place_controller(self, name: str, **settings: str) -> "subprocess.Popen[bytes]":
        """One more, from another shell, with settings of its own."""
        command = [sys.executable, "-m", "ivr.cli.main", "controller", name, "--data", str(self.data)]
        log = (self.data / "logs" / f"{name}.log").open("ab")
        own = {f"NUMERO_NERO_{name}": value for name, value in settings.items()}
        return subprocess.Popen(command, cwd=ROOT, env=os.environ | self._settings | own, stdout=log, stderr=log)

    def tickets(self) -> list[dict[str, Any]]:
        """The newest first."""
        with Database(self.settings.database_url).read() as session:
            return [_row(ticket) for ticket in embedded.recent(session, limit=1000)]

    def ticket_of(self, caller: str, within: float = 45.0) -> dict[str, Any]:
        """The ticket of the one call that this number has made."""
        deadline = time.monotonic() + within
        while True:
            with Database(self.settings.database_url).read() as session:
                ids = session.scalars(select(Call.id).where(Call.caller == caller)).all()
                found = [_row(row) for row in session.scalars(select(Ticket).where(Ticket.call_id.in_(ids)))]
            if found:
                assert len(ids) == len(found) == 1
                return found[0]
            assert time.monotonic() < deadline, "no ticket came"
            time.sleep(0.3)

    def newest_ticket(self, after: int, within: float = 45.0) -> dict[str, Any]:
        """The one ticket that came after there were `after` of them."""
        deadline = time.monotonic() + within
        while len(found := self.tickets()) <= after:
            assert time.monotonic() < deadline, "no ticket came"
            time.sleep(0.3)
        time.sleep(1.5)
        assert len(self.tickets()) == after + 1, "more than one ticket came"
        return found[0]

    def desk(self, *arguments: str) -> "Desk":
        return Desk(self, *arguments)

    def asterisk(self, command: str, name: str = "asterisk") -> str:
        """What Asterisk's own command line says."""
        asterisk = tree.ensure(print).argv("asterisk", "-C", str(self.data / name / "etc/asterisk.conf"))
        return subprocess.run([*asterisk, "-rx", command], capture_output=True, text=True).stdout

    def channels(self, *names: str) -> int:
        """Channels that are up in these Asterisks, or in every one."""
        names = names or tuple(self.settings.asterisk_names)
        return sum(int(self.asterisk("core show channels count", name).split()[0]) for name in names)

    def quiet(self, within: float = 15.0) -> None:
        """No channel is left and no call is counted as live."""
        deadline = time.monotonic() + within
        while self.channels() or self.status()["calls"]:
            assert time.monotonic() < deadline, self.asterisk("core show channels concise") or "a call counts as live"
            time.sleep(0.3)


def _row(ticket: Ticket) -> dict[str, Any]:
    return {column.name: getattr(ticket, column.name) for column in Ticket.__table__.columns}


class Desk:
    """`ivr desk` in the background, signed in when entered."""

    def __init__(self, installation: Installation, *arguments: str) -> None:
        self._command = [sys.executable, "-m", "ivr.cli.main", "desk", *arguments, "--data", str(installation.data)]

    def __enter__(self) -> "Desk":
        self.process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert "signed in" in self.process.stdout.readline()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=40)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    # To recognise what is said in all calls of the tests would take a core for as long as they last.
    one = Installation(tmp_path_factory.mktemp("installation"), OPEN, RECORDINGS__SPEECH="false")
    one.start()
    try:
        yield one
    finally:
        assert one.stop() == 0


@pytest.fixture(scope="session")
def operator(installation: Installation) -> str:
    code = "4271"
    installation.ivr("operators", "add", code, "--name", "Anna", "--languages", "it,de", "--queues", "all")
    time.sleep(2.5)  # the controller looks for new operators each second
    return code


class Listener:
    """Finds prompts in what was heard."""

    def __init__(self, settings: Settings) -> None:
        self._book = load_flows(ROOT / "flows")
        self._library = open_library(settings)

    def sound(self, prompt: str, language: str, flow: str = "assistenza", **values: str) -> Path:
        """The sound of a prompt, as Asterisk plays it."""
        if prompt in builtin.names():
            say = builtin.builtin_say(prompt, language, **values)
        else:
            say = self._book.flows[flow].prompts[prompt].say(language)
        return self._library.make(say)

    def likeness(self, heard: Path, prompt: str, language: str, flow: str = "assistenza", **values: str) -> float:
        return likeness(heard, self.sound(prompt, language, flow, **values))


@pytest.fixture(scope="session")
def listener(installation: Installation) -> Listener:
    return Listener(installation.settings)
