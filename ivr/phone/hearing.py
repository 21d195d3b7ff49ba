"""Listening to what a phone heard: is that sound in it?"""

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

RATE = 8000


def likeness(
    heard: Path, wanted: Path | BinaryIO, begin: float = 0.0, end: float | None = None, *, ending: bool = False
) -> float:
    """Largest normalised correlation of a sound (WAV, 8 kHz) anywhere in what was heard from second `begin` to `end`:
    1 is the same sound, different sentences have less than 0.3. Its first two seconds tell, or, with `ending`, its last
    two."""
    last = None if end is None else int(end * RATE)
    sound, _ = soundfile.read(heard, start=int(begin * RATE), stop=last)
    prompt, _ = soundfile.read(wanted)
    prompt = prompt[-RATE * 2 :] if ending else prompt[: RATE * 2]
    size = 1 << (len(sound) + len(prompt)).bit_length()
    product = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(prompt, size)), size)[: len(sound)]
    # The energy of each stretch as long as the prompt, from running sums: a convolution takes seconds.
    sums = np.concatenate(([0.0], np.cumsum(sound**2), np.full(len(prompt), np.sum(sound**2))))
    energy = np.sqrt(np.maximum(sums[len(prompt) : len(prompt) + len(sound)] - sums[: len(sound)], 0.0))
    return float(np.max(product / (energy * np.linalg.norm(prompt) + 1e-3), initial=0.0))


def length(sound: bytes) -> float:
    """Seconds that a WAV lasts."""
    return float(soundfile.info(io.BytesIO(sound)).duration)
