"""Tones to say, and how much of what was heard is such a tone."""

from pathlib import Path

import numpy as np
import soundfile

RATE = 8000


def tone(path: Path, hertz: float, seconds: float = 40) -> Path:
    samples = 0.3 * np.sin(2 * np.pi * hertz * np.arange(int(RATE * seconds)) / RATE)
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return path


def power(samples: np.ndarray, hertz: float) -> float:
    """Share of the sound's energy within 10 Hz of a tone."""
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(spectrum[np.abs(frequencies - hertz) < 10].sum() / spectrum.sum())
