"""Listening to what was heard: is that prompt in it, how much of it is that tone?"""

from pathlib import Path

import numpy as np
import soundfile

RATE = 8000


def likeness(heard: Path, wanted: Path) -> float:
    """Largest normalised correlation of a sound anywhere in what was heard: 1 is the same sound."""
    sound, _ = soundfile.read(heard)
    prompt, _ = soundfile.read(wanted)
    prompt = prompt[: RATE * 2]  # two seconds tell prompts apart
    size = 1 << (len(sound) + len(prompt)).bit_length()
    product = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(prompt, size)), size)[: len(sound)]
    # The energy of each stretch as long as the prompt, from running sums: a convolution takes seconds.
    sums = np.concatenate(([0.0], np.cumsum(sound**2), np.full(len(prompt), np.sum(sound**2))))
    energy = np.sqrt(np.maximum(sums[len(prompt) : len(prompt) + len(sound)] - sums[: len(sound)], 0.0))
    return float(np.max(product / (energy * np.linalg.norm(prompt) + 1e-3)))


def tone(path: Path, hertz: float, seconds: float = 40) -> Path:
    samples = 0.3 * np.sin(2 * np.pi * hertz * np.arange(int(RATE * seconds)) / RATE)
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return path


def power(samples: np.ndarray, hertz: float) -> float:
    """Share of the sound's energy within 10 Hz of a tone."""
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(spectrum[np.abs(frequencies - hertz) < 10].sum() / spectrum.sum())
