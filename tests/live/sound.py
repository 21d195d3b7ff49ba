"""Tones to say, and how much of what was heard is such a tone."""

from pathlib import Path

import numpy as np
import soundfile

RATE = 8000


def tone(path: Path, hertz: float, seconds: float = 40) -> Path:
    samples = 0.3 * np.sin(2 * np.pi * hertz * np.arange(int(RATE * seconds)) / RATE)
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return path


def beeps(path: Path, hertz: float, seconds: float = 60, rate: int = RATE) -> Path:
    """A tone of 0.3 s each half second: a steady one is what a browser takes for noise."""
    at = np.arange(int(rate * seconds)) / rate
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * hertz * at) * (at % 0.5 < 0.3), rate, subtype="PCM_16")
    return path


def power(samples: np.ndarray, hertz: float) -> float:
    """Share of the sound's energy within 10 Hz of a tone."""
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(spectrum[np.abs(frequencies - hertz) < 10].sum() / spectrum.sum())
