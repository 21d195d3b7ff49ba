"""How much of spoken personal data the anonymiser covers, how much else, and what it costs.

python -m bench.spoken_data [LANGUAGE...] [--names] [--known] [--voices pico|kokoro|both] [--dialogues 4] [--tuned]
    [--keep DIR]

Dialogues of two channels that Pico's or Kokoro's voices speak (with `both` in turn), over a simulated line (8 kHz, 300
to 3400 Hz, A-law, noise 15 to 28 dB below, crosstalk 32 dB below, words of the other one in between); in half of them a
human voice (Asterisk's sounds) says the digits and letters. With `--names` the personal data is names, more of it; with
`--known` all names are known beforehand, as those of a call's ticket are. Of other speech, what is within 0.4 s of the
data may be covered; both are told. The scenes, and the people who are named in them, are those that the anonymiser was
not tuned on, unless `--tuned`. Seeds are fixed. `--keep` writes what was said when, and what was covered.
"""

import argparse
import json
import math
import random
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from anonymizer import Pcm, Span, Speech, Whisper, to_pcm
from anonymizer.speech import LANGUAGES
from bench.spoken_data.dialogue import FRAME, RATE, Dialogue, dialogue, scenes
from bench.spoken_data.voices import Voices

DATA, TALK = 2, 6  # scenes of a dialogue with personal data, and without
NAMED, BETWEEN = 5, 3  # the same, of names
AROUND = 0.4  # seconds around personal data that may be covered
SURE = 1.96  # standard deviations: 95 %
WHOLE = 0.9  # of a name's time, for it to count as covered
ROWS = ("digits", "letters", "name", "email", "address", "birth", "other speech", "beyond 0.4 s")


def marked(seconds: list[tuple[float, float]], frames: int) -> NDArray[np.bool_]:
    mask = np.zeros(frames, np.bool_)
    for start, end in seconds:
        mask[int(start / FRAME) : int(np.ceil(end / FRAME))] = True
    return mask


def counts(made: Dialogue, spans: list[Span]) -> Counter[str]:
    """Frames said of each row, and of these covered (`row+`); names, and those covered whole (`names`, `names+`)."""
    frames = int(len(made.samples) / RATE / FRAME) + 2
    covered = marked([(one.start, one.end) for one in spans], frames)
    spoken = np.zeros(frames, np.bool_)
    found: Counter[str] = Counter()
    for part in made.parts:
        said = np.zeros(frames, np.bool_)
        first = round(part.start / FRAME)
        said[first : first + len(part.voiced)] = part.voiced[: frames - first]
        spoken |= said
        if part.slot:
            row = part.slot if part.tag == "other" else part.tag
            found += Counter({row: int(said.sum()), f"{row}+": int((said & covered).sum())})
            if part.tag == "name":
                found += Counter({"names": 1, "names+": int((said & covered).sum() >= WHOLE * said.sum())})
    for row, around in (("other speech", 0.0), ("beyond 0.4 s", AROUND)):
        data = [(max(0.0, one.start - around), one.end + around) for one in made.parts if one.slot]
        other = spoken & ~marked(data, frames)
        found += Counter({row: int(other.sum()), f"{row}+": int((other & covered).sum())})
    return found


def interval(found: Counter[str]) -> str:
    """Of the share of names, in percent (E. B. Wilson, 1927)."""
    if not (count := found["names"]):
        return "–"
    share, square = found["names+"] / count, SURE**2 / count
    middle = (share + square / 2) / (1 + square)
    half = SURE / (1 + square) * math.sqrt(share * (1 - share) / count + square / 4 / count)
    return f"{100 * (middle - half):.0f}–{100 * (middle + half):.0f}"


def percent(found: Counter[str], row: str) -> str:
    return f"{100 * found[f'{row}+'] / found[row]:>8.1f}" if found[row] else f"{'–':>8}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.spoken_data")
    parser.add_argument("languages", nargs="*", default=list(LANGUAGES), metavar="LANGUAGE")
    parser.add_argument("--dialogues", type=int, default=4, help="of each language (4)")
    parser.add_argument("--names", action="store_true", help="dialogues of names")
    parser.add_argument("--known", action="store_true", help="names are known beforehand")
    parser.add_argument("--voices", choices=("pico", "kokoro", "both"), default="pico", help="who speaks (pico)")
    parser.add_argument("--tuned", action="store_true", help="the scenes that the anonymiser was tuned on")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    speakers = {"pico": [Voices()], "kokoro": [Voices(True)], "both": [Voices(True), Voices()]}[args.voices]
    whisper = Whisper()
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for language in args.languages:
        for number in range(args.dialogues):
            made = one(language, number, args.tuned, args.names, speakers[number % len(speakers)])
            raw = to_pcm(made.samples)
            hints = [part.text for part in made.parts if args.known and part.tag == "name"]
            begun = time.process_time()
            spans = Speech(whisper, language, hints).listen(Pcm(lambda raw=raw: [raw], RATE, 2)).spans
            took = Counter({"cpu": round(1e6 * (time.process_time() - begun)), "audio": len(made.samples)})
            totals[language] += counts(made, spans) + took
            if args.keep:
                keep(args.keep / f"{language}-{number}", made, spans)
    totals["all"] = sum(totals.values(), Counter())
    print(f"{'covered, %':<26}" + "".join(f"{name:>8}" for name in totals))
    for row in ROWS:
        print(f"{row + ', time':<26}" + "".join(percent(found, row) for found in totals.values()))
    print(f"{'names, whole':<26}" + "".join(percent(found, "names") for found in totals.values()))
    print(f"{'names':<26}" + "".join(f"{found['names']:>8}" for found in totals.values()))
    print(f"{'names, whole, 95 % of':<26}" + "".join(f"{interval(found):>8}" for found in totals.values()))
    print(f"{'digits, s':<26}" + "".join(f"{found['digits'] * FRAME:>8.0f}" for found in totals.values()))
    print(f"{'minutes':<26}" + "".join(f"{found['audio'] / RATE / 60:>8.1f}" for found in totals.values()))
    cost = [found["cpu"] / 1e6 / 2 / (found["audio"] / RATE) for found in totals.values()]
    print(f"{'CPU, × real time a channel':<26}" + "".join(f"{each:>8.2f}" for each in cost))


def one(language: str, number: int, tuned: bool, names: bool, voices: Voices) -> Dialogue:
    """Each number has other scenes with personal data, until all have been taken."""
    data, talk = scenes(language, not tuned, names)
    random.Random(language).shuffle(data)
    many, between = (NAMED, BETWEEN) if names else (DATA, TALK)
    taken = [data[(many * number + n) % len(data)] for n in range(many)]
    seed = 1000 * number + 500 * names + (0 if tuned else 1)
    return dialogue(language, taken, random.Random(seed).sample(talk, min(between, len(talk))), seed, voices, not tuned)


def keep(path: Path, made: Dialogue, spans: list[Span]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path.with_suffix(".wav"), made.samples, RATE, "PCM_16")
    parts = [(one.start, one.end, one.channel, one.tag, one.slot, one.text) for one in made.parts]
    path.with_suffix(".json").write_text(json.dumps({"said": parts, "covered": [vars(span) for span in spans]}))


if __name__ == "__main__":
    main()
