"""Sound in a spool, as Asterisk leaves it."""

from pathlib import Path

import numpy as np

from recordings import spool


def spooled(place: Path, id: str, sound: bytes, rate: int = 8000) -> Path:
    """`sound`: both channels, interleaved."""
    folder = place / id
    folder.mkdir()
    for file, samples in zip(spool.files(folder, rate), np.frombuffer(sound, "<i2").reshape(-1, 2).T, strict=True):
        file.write_bytes(samples.tobytes())
    return folder


def sound_of(folder: Path) -> bytes:
    with spool.alone(folder) as sound:
        assert sound is not None
        return sound.read(sound.length)
