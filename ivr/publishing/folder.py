"""The files of a flows' folder that make up a version."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

PATTERNS = ("*.flow.yaml", "calendars.yaml", "queues.yaml", "prompts/*/*.wav", "tests/*.test.yaml")


def paths(folder: Path) -> list[str]:
    """What there is, relative to the folder, with slashes, sorted."""
    found = (path for pattern in PATTERNS for path in folder.glob(pattern) if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def digests(folder: Path) -> dict[str, str]:
    """Path → SHA-256. Raises OSError."""
    return {path: digest(folder / path) for path in paths(folder)}


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(folder: Path, files: Mapping[str, str], content: Callable[[str], bytes]) -> None:
    """Make `folder` hold `files` (path → SHA-256) and no other of a version; `content(sha256)` gives what is missing.

    Each file appears whole or not at all, so several processes may do it at once, or do it again. Raises OSError.
    """
    for path, sha256 in files.items():
        target = folder / path
        if target.is_file() and digest(target) == sha256:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{os.getpid()}")
        part.write_bytes(content(sha256))
        part.replace(target)
    for path in paths(folder):
        if path not in files:
            (folder / path).unlink(missing_ok=True)
