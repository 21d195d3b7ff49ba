"""A process that is killed, as by `kill -9`, before its n-th step that touches the disk or the database.

A step is a call of one of `names`, which a process sees through `sys.setprofile`: Python's own functions by their name,
the system's with their module, and each commit of a driver.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Collection
from itertools import count
from types import FrameType
from typing import Any

DISK = frozenset({"posix.mkdir", "posix.fsync", "posix.replace", "posix.unlink", "posix.pread"})
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.recordings.test_killed", "tests.recordings.test_copies_killed"])


def die_before(step: int, names: Collection[str]) -> None:
    """Of this process's steps from here on, numbered from 0."""
    steps = count()

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            name = frame.f_code.co_name
        elif event == "c_call":
            name = f"{argument.__module__}.{argument.__name__}"
            name = "commit" if argument.__name__ == "commit" else name
        else:
            return
        if name in names and next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(profile)


def run(target: Any, *arguments: Any) -> int | None:
    """The exit status of a process that did it: `-SIGKILL` when it was killed."""
    process = _processes.Process(target=target, args=arguments)
    process.start()
    process.join(60)
    return process.exitcode
