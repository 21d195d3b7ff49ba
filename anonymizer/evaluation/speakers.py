"""A folder of speakers, heard over a simulated telephone line: 8 kHz, 300 to 3400 Hz, A-law (ITU-T G.711)."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from anonymizer.files import WrongUse

RATE = 8000
BAND = (300.0, 3400.0)
SOUNDS = (".wav", ".flac")
A = 87.6
FEWEST = 12


def speakers(folder: Path) -> list[tuple[str, Path, Path]]:
    """(speaker, known utterance, utterance on trial): files of one sub-folder, or of one name before the last hyphen,
    are one speaker's, and their first two count. Raises WrongUse."""
    if not folder.is_dir():
        raise WrongUse(f"{folder} is no folder")
    of: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SOUNDS:
            of[path.stem.rpartition("-")[0] if path.parent == folder else str(path.parent)].append(path)
    found = [(name, paths[0], paths[1]) for name, paths in of.items() if len(paths) > 1]
    if len(found) < FEWEST:
        raise WrongUse(
            f"{folder} has {len(found)} speakers with two utterances (SPEAKER-a.wav, SPEAKER-b.wav, or SPEAKER/*.wav); "
            f"{FEWEST} are needed"
        )
    return found


def over_the_line(path: Path) -> NDArray[np.float32]:
    """Mono sound as a call brings it."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return line(np.asarray(soxr.resample(samples.mean(axis=1), rate, RATE), dtype=np.float64))


def line(sound: NDArray[np.float64]) -> NDArray[np.float32]:
    """Sound of RATE, as a telephone line brings it."""
    spectrum, hertz = np.fft.rfft(sound), np.fft.rfftfreq(len(sound), 1 / RATE)
    spectrum[(hertz < BAND[0]) | (hertz > BAND[1])] = 0
    return _a_law(np.clip(np.fft.irfft(spectrum, len(sound)), -1, 1)).astype(np.float32)


def _a_law(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """There and back in 256 steps of G.711's curve."""
    whole, size = 1 + np.log(A), np.abs(sound)
    curved = np.where(size < 1 / A, A * size, 1 + np.log(np.maximum(A * size, 1))) / whole
    steps = (np.floor(curved * 128) + 0.5).clip(max=127.5) / 128
    back = np.where(steps < 1 / whole, steps * whole, np.exp(steps * whole - 1)) / A
    return np.asarray(np.sign(sound) * back)
