"""Files that hold one secret each: made once, whole, and readable by their owner alone."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def made_once(path: Path, size: int) -> str:
    """The secret in `path`; at first use it is made of `size` random bytes, which are written as hex digits."""
    if not path.exists():
        write_once(path, secrets.token_hex(size) + "\n")
    return path.read_text("ascii").strip()


def write_once(path: Path, text: str) -> None:
    """Nothing when the file is there. Written whole, then given its name: who starts at the same moment has all of it,
    or makes it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(part, path)
    part.unlink()
