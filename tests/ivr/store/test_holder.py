"""A process that holds a lock and stands still, and one that does not hold it."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.store.backlog import Backlog
from ivr.store.database import StoreError
from ivr.store.holder import holder

HOLDS = """
import os, signal, sys
from pathlib import Path
from ivr.store.backlog import Backlog
backlog = Backlog(Path(sys.argv[1]), "controller-1")
os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.fixture
def hangs(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    one = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)])
    while Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.02)
    yield one
    one.kill()
    one.wait()


def test_who_holds_a_backlog_and_hangs_is_ended_and_nobody_else(
    tmp_path: Path, hangs: "subprocess.Popen[bytes]"
) -> None:
    other = subprocess.Popen(["sleep", "60"])
    mine = Backlog(tmp_path, "controller-2")
    path = tmp_path / "controller-1.jsonl"
    assert holder(path) == hangs.pid
    assert not mine.end("controller-1", other.pid), "its number is another process's"
    assert not mine.end("controller-3", hangs.pid) and not mine.end("controller-2", hangs.pid)
    assert other.poll() is None and hangs.poll() is None
    with pytest.raises(StoreError):
        Backlog(tmp_path, "controller-1")
    assert mine.end("controller-1", hangs.pid)
    assert hangs.wait(5) == -signal.SIGKILL and holder(path) == 0
    assert not mine.end("controller-1", hangs.pid)
    left = mine.left_by("controller-1")
    assert left and left.empty
    other.kill()
    other.wait()
