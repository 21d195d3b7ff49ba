"""What anonymising costs the words: those that the recogniser (Whisper base, int8) hears otherwise than before.

python -m bench.words LANGUAGE FILE...     (speech, WAV or FLAC)
"""

import sys
from pathlib import Path

from anonymizer.evaluation.copies import copies
from anonymizer.evaluation.speakers import over_the_line
from anonymizer.evaluation.words import FEWEST, changed, heard
from anonymizer.profiles import PROFILES
from anonymizer.speech.whisper import Whisper


def main(language: str, paths: list[Path]) -> None:
    texts: dict[str, list[tuple[list[str], list[str]]]] = {name: [] for name in PROFILES}
    recogniser = Whisper()
    for path in paths:
        sound = over_the_line(path)
        wanted = heard(recogniser, sound, language)
        if len(wanted) >= FEWEST:
            for name, profile in PROFILES.items():
                (copy,) = copies(profile, sound, 1, recogniser, language).sounds
                texts[name].append((wanted, heard(recogniser, copy, language)))
    print(f"{'words changed, ' + language:<20}{'files':>6}{'words':>7}{'%':>7}  of 95 %")
    for name, pairs in texts.items():
        rate, count = changed(pairs), sum(len(before) for before, _ in pairs)
        print(f"{name:<20}{len(pairs):>6}{count:>7}{rate.value:>7.1f}  {rate.low:.1f} to {rate.high:.1f}")


if len(sys.argv) < 3:
    sys.exit(__doc__)
main(sys.argv[1], [Path(one) for one in sys.argv[2:]])
