"""What the anonymiser costs, and how well it hears keys. `ivr anonymize evaluate DIR` measures what it hides.

python -m bench.anonymizer FOLDER LANGUAGE     (of speech without keys, WAV or FLAC of 8 kHz)
"""

import sys
import time
from pathlib import Path

import numpy as np
import soundfile

from anonymizer.evaluation.copies import copies
from anonymizer.keys import HIGH, LOW, listen
from anonymizer.profiles import PROFILES
from anonymizer.speech.whisper import Whisper

RATE = 8000
TRIES = 400
SIGNAL_TO_NOISE = 20.0  # dB
MINUTES = 2


def recall(seconds: float, rng: np.random.Generator) -> float:
    """Of TRIES keys in noise, the share that is covered from beginning to end."""
    covered = 0
    turns = 2 * np.pi * np.arange(round(seconds * RATE)) / RATE
    for _ in range(TRIES):
        tone = 0.1 * (np.sin(rng.choice(LOW) * turns) + np.sin(rng.choice(HIGH) * turns))
        noise = np.sqrt(np.mean(tone**2) / 10 ** (SIGNAL_TO_NOISE / 10))
        sound = rng.normal(0, noise, RATE)
        begin = int(rng.integers(1000, 5000))
        sound[begin : begin + len(tone)] += tone
        spans = listen([sound[:, None].astype(np.float32)], RATE, 1)
        covered += any(one.start <= begin / RATE and one.end >= begin / RATE + seconds for one in spans)
    return covered / TRIES


def main(folder: Path, language: str) -> None:
    rng = np.random.default_rng(7)
    print(f"{'keys at 20 dB, covered whole':<40}{'n':>6}{'%':>8}")
    for milliseconds in (40, 50, 60, 70, 80, 100, 200):
        print(f"{milliseconds:>4} ms{'':<33}{TRIES:>6}{100 * recall(milliseconds / 1000, rng):>8.1f}")
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".wav", ".flac"))
    speech = np.concatenate([soundfile.read(path, dtype="float32")[0] for path in files])
    begun = time.process_time()
    false = listen([speech[:, None]], RATE, 1)
    took = time.process_time() - begun
    seconds = len(speech) / RATE
    print(f"\n{'false covers in speech':<40}{len(false):>6} in {seconds / 3600:.2f} h")
    print(f"\n{'CPU, × real time a channel':<40}\n{'keys':<40}{took / seconds:>6.4f}")
    recogniser, pieces = Whisper(), range(0, MINUTES * 60 * RATE, 10 * RATE)
    for name, profile in PROFILES.items():  # what speaks anew recognises first
        cost = sum(copies(profile, speech[at : at + 10 * RATE], 1, recogniser, language).cost for at in pieces)
        print(f"{name:<40}{cost / (MINUTES * 60):>6.4f}")


if len(sys.argv) != 3:
    sys.exit(__doc__)
main(Path(sys.argv[1]), sys.argv[2])
