"""`make run` and Ctrl-C at a real terminal: it stops everything that it started, and nothing else."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import select

from ivr.cli.installation import check_ports, free_base
from ivr.settings import load
from ivr.store.database import Database
from ivr.store.schema import Call, OutboxEntry
from tests.live.conftest import ROOT, Installation

CTRL_C = b"\x03"


class Terminal:
    """`make run` in the foreground of a terminal of its own, as a person starts it."""

    def __init__(self, data: Path) -> None:
        self.data, self.base, self.seen = data, free_base(), ""

    def __enter__(self) -> Self:
        self.pid, self._tty = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execvp("make", ["make", "run", f"ARGS=--data {self.data} --base-port {self.base}"])  # noqa: S606
        return self

    def until(self, text: str, within: float = 60) -> str:
        """Read what is printed until `text` is in it."""
        os.set_blocking(self._tty, False)
        deadline = time.monotonic() + within
        while text not in self.seen:
            assert time.monotonic() < deadline, f"{text!r} was not printed in {within:.0f} s, but: {self.seen}"
            try:
                self.seen += os.read(self._tty, 4096).decode(errors="replace")
            except BlockingIOError:
                time.sleep(0.02)
        return self.seen

    def press(self, key: bytes) -> None:
        os.write(self._tty, key)

    def ended(self, within: float = 45) -> None:
        """Wait until the foreground is ours again."""
        deadline = time.monotonic() + within
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            assert time.monotonic() < deadline, f"make run did not end: {self.seen}"
            with suppress(OSError):  # a full terminal would stop it
                self.seen += os.read(self._tty, 4096).decode(errors="replace")
            time.sleep(0.05)
        with suppress(OSError):
            self.seen += os.read(self._tty, 65536).decode(errors="replace")
        self.pid = 0

    def __exit__(self, *_: object) -> None:
        if self.pid:
            for one in (*started_by(self.pid), self.pid):
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._tty)


def started_by(pid: int) -> set[int]:
    """A process's children, and theirs."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found, more = set[int](), {pid}
    while more := {child for child, parent in parents.items() if parent in more} - found:
        found |= more
    return found


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    one = subprocess.Popen(["sleep", "600"])
    yield one
    one.kill()
    one.wait()


def test_ctrl_c_stops_what_it_started_and_nothing_else(
    installation: Installation, bystander: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a call, with another installation and another program beside it. Logs begin anew meanwhile."""
    beside = installation.status()
    monkeypatch.setenv("NUMERO_NERO_LOG_FILES__MEGABYTES", "0.0001")
    with Terminal(tmp_path) as terminal:
        said = terminal.until("Stop  ")
        assert f"sip:+390600000001@127.0.0.1:{terminal.base + 60}" in said
        assert f"http://127.0.0.1:{terminal.base + 80}/" in said
        ours = started_by(terminal.pid)
        commands = " ".join(Path(f"/proc/{pid}/cmdline").read_text() for pid in ours)
        assert all(part in commands for part in ("asterisk", "controller-1", "ivr.cli.main\0web"))
        caller = subprocess.Popen(
            [sys.executable, "-m", "ivr.cli.main", "call", "+390600000009", "--for", "60", "--data", str(tmp_path)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert caller.stdout is not None
        while "answered" not in caller.stdout.readline():
            assert caller.poll() is None
        installation.until((tmp_path / "logs" / "controller-1.log.1").exists)
        terminal.press(CTRL_C)
        terminal.ended()
        assert "stopped" in terminal.seen and "Traceback" not in terminal.seen
        assert not [pid for pid in ours if is_there(pid)]
        check_ports(load(tmp_path, base_port=terminal.base))
        assert caller.wait(timeout=20) == 0, "the caller was hung up"

    assert bystander.poll() is None
    after = installation.status()
    assert after["ready"]
    assert [after["asterisk"]["pid"], after["controllers"][0]["pid"]] == [
        beside["asterisk"]["pid"],
        beside["controllers"][0]["pid"],
    ], "the other installation was not restarted either"
    with Database(load(tmp_path).database_url).read() as session:
        (call,) = session.scalars(select(Call)).all()
        assert call.ended_at and call.ended_at < datetime.now(UTC)
        assert session.get(OutboxEntry, call.id), "the call has its ticket, or the next start makes it"


@pytest.mark.parametrize("moment", ["prompts: ", "starting asterisk", "starting web"])
def test_ctrl_c_while_it_starts_leaves_nothing(tmp_path: Path, moment: str) -> None:
    with Terminal(tmp_path) as terminal:
        terminal.until(moment)
        ours = started_by(terminal.pid)
        terminal.press(CTRL_C)
        terminal.ended()
        assert not [pid for pid in ours if is_there(pid)]
        assert "Traceback" not in terminal.seen
        check_ports(load(tmp_path, base_port=terminal.base))


def up(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ivr.cli.main", "up", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def test_a_second_start_of_a_folder_is_refused(installation: Installation) -> None:
    before = installation.status()
    told = up("--data", str(installation.data))
    assert told.returncode == 1
    assert re.search(rf"{installation.data}: already runs \(process \d+\); stop it, or start another", told.stderr)
    assert installation.status()["asterisk"]["pid"] == before["asterisk"]["pid"]


def test_a_taken_port_is_named(installation: Installation, tmp_path: Path) -> None:
    base = installation.settings.ports.base
    told = up("--data", str(tmp_path), "--base-port", str(base))
    assert told.returncode == 1
    assert f"UDP port {base + 60} (ports.sip)" in told.stderr
    assert f"--base-port {base + 1000}" in told.stderr
