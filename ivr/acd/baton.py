"""The baton: who leads, by the kernel's word, for when the store cannot say.

All controllers of an installation are on one machine. Whoever leads holds the lock of one file, in which its lease
stands. So whoever gets the lock knows that the one whose lease that is is dead, or leads no more, and is the only one
who knows.
"""

import fcntl
import os
from pathlib import Path

import msgspec

from ivr.acd.lead import Lease

MOST = 4096  # bytes


class Baton:
    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self) -> bool:
        """Hold it, if nobody else does."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def read(self) -> Lease | None:
        """What was written last; None for nothing, or while it is being written."""
        try:
            return msgspec.json.decode(os.pread(self._file, MOST, 0), type=Lease)
        except msgspec.DecodeError:
            return None

    def write(self, lease: Lease) -> None:
        """For whoever holds it."""
        if self.read() != lease:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, msgspec.json.encode(lease), 0)

    def drop(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let it go. A controller that was drained has done so before it ends."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
