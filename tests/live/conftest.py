"""One installation of its own for the live tests: real Asterisk, real SIP, ports that nobody else has."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ivr.cli.installation import library as open_library
from ivr.flow import builtin
from ivr.flow.loader import load as load_flows
from ivr.settings import Settings, load
from tests.asterisk import free_base
from tests.live.sound import likeness

ROOT = Path(__file__).parents[2]
# A Tuesday morning in Rome: the assistance line is open, whenever the tests run.
OPEN = "2026-11-24T10:00:00+01:00"


class Installation:
    def __init__(self, data: Path, at: str, **settings: str) -> None:
        """`settings` by the names of their variables, as `HTTP__ALLOW`."""
        self.data = data
        self._settings = {f"NUMERO_NERO_{name}": value for name, value in settings.items()}
        self._settings["NUMERO_NERO_CLOCK__AT"] = at
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
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
        deadline = time.monotonic() + 120
        while not self.status()["ready"]:
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(self.output.read_text())
            time.sleep(0.2)

    def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=60)

    @property
    def settings(self) -> Settings:
        return load(self.data, environment=self._settings)

    def ivr(self, *arguments: str, ok: bool = True) -> Any:
        """Run `ivr … --json`; returns what it printed, read."""
        done = subprocess.run(
            [sys.executable, "-m", "ivr.cli.main", *arguments, "--data", str(self.data), "--json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=170,
            env=os.environ | self._settings,
        )
        if ok:
            assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.startswith(("[", "{")) else done.stdout

    def status(self) -> Any:
        return self.ivr("status", ok=False)

    def call(self, *arguments: str, ok: bool = True) -> Any:
        return self.ivr("call", *arguments, ok=ok)

    def log(self) -> str:
        return (self.data / "logs" / "controller-1.log").read_text()

    def tickets(self) -> list[dict[str, Any]]:
        return self.ivr("tickets", "list", "--limit", "1000")  # type: ignore[no-any-return]

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

    def channels(self) -> int:
        """Channels that are up in Asterisk."""
        from asterisk_conf import tree

        asterisk = tree.ensure(print).argv("asterisk", "-C", str(self.data / "asterisk/etc/asterisk.conf"))
        told = subprocess.run([*asterisk, "-rx", "core show channels count"], capture_output=True, text=True)
        return int(told.stdout.split()[0])

    def quiet(self, within: float = 15.0) -> None:
        """No channel is left and no call is counted as live."""
        deadline = time.monotonic() + within
        while self.channels() or self.status()["calls"]:
            assert time.monotonic() < deadline, "something is still up"
            time.sleep(0.3)


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
    one = Installation(tmp_path_factory.mktemp("installation"), OPEN)
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
