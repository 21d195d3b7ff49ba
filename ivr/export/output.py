"""A file of an export while it is written: its size and its digest are known at its end."""

import hashlib
import os
from pathlib import Path


class Output:
    """Written from begin to end. An error is kept for `check` to raise: Parquet's writer would end its thread. `size`:
    bytes so far."""

    def __init__(self, path: Path) -> None:
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._digest, self._error = hashlib.sha256(), None  # type: tuple[hashlib._Hash, OSError | None]
        self.size = 0

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.size += len(data)
        try:
            self._file.write(data)
        except OSError as error:
            self._error = error
        return len(data)

    def flush(self) -> None:
        """Is called by the writer; `close` does it."""

    def seek(self, *_: int) -> int:
        """Parquet's writer wants a file that can do it, and goes nowhere."""
        return self.size

    tell = read = seek

    def check(self) -> None:
        """Raises OSError."""
        if self._error:
            raise self._error

    def close(self) -> str:
        """On the disk. Returns the SHA-256 of what was written. Raises OSError."""
        with self._file:
            self.check()
            self._file.flush()
            os.fsync(self._file.fileno())
        return self._digest.hexdigest()
