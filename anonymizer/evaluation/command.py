"""`ivr anonymize evaluate DIR`: one table of what a profile hides, and with `--language` of what it costs the words."""

import argparse
import dataclasses
import json

import numpy as np

from anonymizer.check import SAME
from anonymizer.evaluation.attackers import (
    Rate,
    best,
    cosine,
    equal_error,
    first_rank,
    linkability,
    too_alike,
    trained,
)
from anonymizer.evaluation.copies import copies
from anonymizer.evaluation.speakers import RATE, over_the_line, speakers
from anonymizer.evaluation.words import changed, heard
from anonymizer.files import WrongUse
from anonymizer.pitch import pitch
from anonymizer.profiles import PROFILES, Spoken
from anonymizer.speech.whisper import Whisper
from anonymizer.verifier import NotInstalled, Verifier

DRAWS = 4
CALLS = 3
HIGH = 160.0  # Hz of median pitch: above and below, voices are compared with their like only


def evaluate(args: argparse.Namespace) -> int:
    """Raises WrongUse when the folder has too few speakers, or the verifier is not installed."""
    profile = PROFILES[args.profile]
    try:
        verifier = Verifier()
    except NotInstalled as error:
        raise WrongUse(str(error)) from error
    recogniser = Whisper(args.model) if args.language or isinstance(profile, Spoken) else None
    originals, embedded, texts, high = [], [], [], []
    seconds = spent = 0.0
    for _, *paths in speakers(args.target):
        sounds = [over_the_line(path) for path in paths]
        hertz = pitch(np.concatenate(sounds).astype(np.float64), RATE)
        high.append(int(np.median(hertz[hertz > 0]) > HIGH) if (hertz > 0).any() else 0)
        originals.append([verifier.embed(sound, RATE) for sound in sounds])
        made = [copies(profile, sound, DRAWS, recogniser, args.language) for sound in sounds]
        spent += sum(one.cost for one in made)
        seconds += sum(map(len, sounds)) / RATE
        embedded.append([[verifier.embed(voice, RATE) for voice in one.sounds] for one in made])
        if recogniser and args.language:
            before, after = (heard(recogniser, one, args.language) for one in (sounds[0], made[0].sounds[0]))
            texts.append((before, after))
    rates = _rates(np.array(originals, np.float64), np.array(embedded, np.float64), np.array(high))
    if texts:
        rates[f"words changed, {args.language}"] = changed(texts)
    _show(args, rates, len(high), spent / seconds)
    return 0


def _rates(originals: np.ndarray, heard: np.ndarray, group: np.ndarray) -> dict[str, Rate]:
    """`originals` has the shape (speakers, 2, dimensions), `heard` (speakers, 2, draws, dimensions)."""
    known, trial = heard[:, 0], heard[:, 1]
    every = heard.reshape(len(heard), -1, heard.shape[3])
    semi = trained(known[:, 0], trial[:, 0], every)
    tried = best([trained(known[:, draw], trial[:, 0], every) for draw in range(DRAWS)])
    pooled = trained(known.mean(axis=1), trial[:, :CALLS].mean(axis=1), every)
    return {
        "untouched": equal_error(cosine(originals[:, 0], originals[:, 1]), group),
        "ignorant": equal_error(cosine(originals[:, 0], trial[:, 0]), group),
        "lazy-informed": equal_error(cosine(known[:, 0], trial[:, 0]), group),
        "semi-informed": equal_error(semi, group),
        f"semi-informed, best of {DRAWS} draws": equal_error(tried, group),
        f"semi-informed, {DRAWS} draws": equal_error(trained(known.mean(axis=1), trial[:, 0], every), group),
        f"and {CALLS} calls pooled": equal_error(pooled, group),
        "rank 1, untouched": first_rank(cosine(originals[:, 0], originals[:, 1])),
        "rank 1, semi-informed": first_rank(semi),
        f"rank 1, {CALLS} calls pooled": first_rank(pooled),
        "linkability, untouched": linkability(cosine(originals[:, 0], originals[:, 1]), group),
        "linkability, semi-informed": linkability(semi, group),
        f"refused by the check (above {SAME})": too_alike(originals, heard, SAME),
        "same speaker, untouched, above that": too_alike(originals[:, :1], originals[:, 1:, np.newaxis], SAME),
    }


def _show(args: argparse.Namespace, rates: dict[str, Rate], number: int, speed: float) -> None:
    if args.json:
        named = {name: dataclasses.asdict(rate) for name, rate in rates.items()}
        print(json.dumps({"profile": args.profile, "speakers": number, "rates": named, "speed": speed}, indent=2))
        return
    print(f"profile {args.profile}, {number} speakers, {speed:.3f} × real time a channel")
    print(f"{'equal error rates, and others as named':<40}{'%':>6}  of 95 %")
    for name, rate in rates.items():
        print(f"{name:<40}{rate.value:>6.1f}  {rate.low:.1f} to {rate.high:.1f}")
