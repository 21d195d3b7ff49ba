"""A flows' folder as a mapping, path → content, and what a recording's header says of it.

Whoever keeps flows elsewhere (a version in the store, a test) gives a dict of the same shape to `loader` and `check`.
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from ivr.flow.source import MOST_BYTES


class Folder(Mapping[str, bytes]):
    """The files that matter in a folder: `*.yaml` and `prompts/LANGUAGE/NAME.wav`, read when asked for. Of a file that
    is too large, the first part, one byte longer than what is allowed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getitem__(self, name: str) -> bytes:
        try:
            with (self._path / name).open("rb") as file:
                return file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            raise KeyError(name) from None

    def __contains__(self, name: object) -> bool:
        return (self._path / str(name)).is_file()

    def __iter__(self) -> Iterator[str]:
        for pattern in ("*.yaml", "prompts/*/*.wav"):
            for path in sorted(self._path.glob(pattern)):
                yield path.relative_to(self._path).as_posix()

    def __len__(self) -> int:
        return sum(1 for _ in self)


def wav_seconds(content: bytes) -> float | None:
    """How long a WAV file plays, from its header; None when this is no WAV."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return None
    at, rate = 12, 0
    while at + 8 <= len(content):
        kind, size = struct.unpack_from("<4sI", content, at)
        if kind == b"fmt " and at + 20 <= len(content):
            (rate,) = struct.unpack_from("<I", content, at + 16)  # bytes a second
        if kind == b"data":
            return size / rate if rate else None
        at += 8 + size + size % 2
    return None
