"""What anonymising costs the words: those that a recogniser (Whisper base, int8) hears otherwise than in the original.

python -m bench.words LANGUAGE FILE...     (speech, WAV or FLAC)
"""

import re
import sys
from pathlib import Path

import numpy as np
import soxr

from anonymizer.evaluation.attackers import CERTAIN, RESAMPLES
from anonymizer.evaluation.speakers import RATE, over_the_line
from anonymizer.profiles import PROFILES
from anonymizer.sound import Samples
from anonymizer.speech import Whisper
from anonymizer.speech.words import RATE as WIDE
from anonymizer.voice import Voice

FEWEST = 3  # words in a file, for it to count


def words(recogniser: Whisper, samples: Samples, language: str) -> list[str]:
    wide = soxr.resample(samples, RATE, WIDE)
    return re.findall(r"\w+", " ".join(one.text for one in recogniser.words(wide, language, None)).lower())


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
    recogniser = Whisper()
    for path in paths:
        sound = over_the_line(path)
        wanted = words(recogniser, sound, language)
        if len(wanted) >= FEWEST:
            for name, profile in PROFILES.items():
                heard = words(recogniser, Voice(profile, RATE).change(sound), language)
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
