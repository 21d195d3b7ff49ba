"""Dialogues of a citizen (left) and an operator (right), made of scenes, and heard over a simulated telephone line."""

import random
import re
import string
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anonymizer.evaluation.speakers import RATE, line
from bench.spoken_data.values import People, people, value
from bench.spoken_data.voices import Voices

Sound = NDArray[np.float64]

SCENES = Path(__file__).parent / "scenes"
FRAME = 0.01  # seconds
CROSSTALK = -32.0  # dB of one side in the other
YES = {"it": ("sì", "certo", "va bene"), "en": ("yes", "all right", "okay"), "de": ("ja", "gut"), "fr": ("oui", "bien")}

Turn = tuple[str, str]


@dataclass
class Part:
    """Something said: `slot` is empty for what is no personal data. Seconds; `voiced` are frames of FRAME in it."""

    start: float
    end: float
    channel: int
    tag: str
    slot: str
    voiced: NDArray[np.bool_]
    text: str = ""


@dataclass
class Dialogue:
    language: str
    samples: NDArray[np.float32]
    parts: list[Part] = field(default_factory=list)


def scenes(language: str, held: bool, names: bool = False) -> tuple[list[list[Turn]], list[list[Turn]]]:
    """(those with personal data, or with `names` alone; the others): each a list of (who, text)."""
    found: dict[str, list[list[Turn]]] = {}
    for part in re.split(r"^= ", (SCENES / f"{language}.txt").read_text("utf-8"), flags=re.M)[1:]:
        title, _, text = part.partition("\n")
        found[title.strip()] = [
            [(row[0], row[3:]) for row in scene.strip().splitlines()] for scene in text.strip().split("\n\n")
        ]
    kind = "held" if held else "tuned"
    return found[f"{kind} {'names' if names else 'data'}"], found[f"{kind} talk"]


def dialogue(
    language: str, data: list[list[Turn]], talk: list[list[Turn]], seed: int, voices: Voices, held: bool
) -> Dialogue:
    """`data` and `talk` scenes in a mixed order: talk between, and the first one first."""
    named = people(language, held)
    rng = random.Random(seed)
    turns = [turn for one in _mixed(data, talk, rng) for turn in one]
    speakers = [voices.person(language, rng), voices.person(language, rng)]
    human = rng.random() < 0.5  # whether a human voice says the digits and letters
    cursor, parts, sounds = 0.8, [], []
    for who, text in turns:
        channel = 0 if who == "C" else 1
        cursor += rng.uniform(-0.2, 0.9)
        begin = cursor
        personal = False
        for tag, slot, words in _pieces(text, language, rng, named):
            sound = voices.say(words, language, speakers[channel], human and tag in ("digits", "letters"), tag, rng)
            personal |= bool(slot)
            parts.append(Part(cursor, cursor + len(sound) / RATE, channel, tag, slot, _voiced(sound), words))
            sounds.append((cursor, channel, sound))
            cursor += len(sound) / RATE + rng.uniform(0.02, 0.12)
        if personal and rng.random() < 0.4 and cursor - begin > 3:  # the other one says something meanwhile
            sound = voices.say(rng.choice(YES[language]), language, speakers[1 - channel], False, "", rng)
            at = rng.uniform(begin + 1, cursor - 1)
            parts.append(Part(at, at + len(sound) / RATE, 1 - channel, "", "", _voiced(sound)))
            sounds.append((at, 1 - channel, sound))
    return Dialogue(language, _heard(sounds, cursor + 1.0, seed), sorted(parts, key=lambda one: one.start))


def _mixed(data: list[list[Turn]], talk: list[list[Turn]], rng: random.Random) -> list[list[Turn]]:
    whole: list[list[Turn]] = list(talk)
    for one in data:
        whole.insert(rng.randrange(len(whole) + 1), one)
    return whole


def _pieces(text: str, language: str, rng: random.Random, who: People) -> list[tuple[str, str, str]]:
    """(tag, slot, words) in order."""
    found = []
    for words, slot, _, _ in string.Formatter().parse(text):
        if words.strip(" .,:?!"):
            found.append(("", "", words.strip()))
        if slot:
            found += [(tag, slot, said) for tag, said in value(slot, language, rng, who)]
    return found


def _voiced(sound: Sound) -> NDArray[np.bool_]:
    step = round(FRAME * RATE)
    power = np.square(sound[: len(sound) // step * step]).reshape(-1, step).mean(axis=1)
    heard: NDArray[np.bool_] = power > 10 ** (-3.5) * np.square(sound).mean() + 1e-9
    return heard


def _heard(sounds: list[tuple[float, int, Sound]], seconds: float, seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    clean = np.zeros((round(seconds * RATE), 2))
    for start, channel, sound in sounds:
        first = round(start * RATE)
        part = sound[: len(clean) - first]
        clean[first : first + len(part), channel] += part
    mixed = clean + 10 ** (CROSSTALK / 20) * clean[:, ::-1]
    level = np.sqrt(np.square(clean[clean != 0]).mean())
    noise = level * 10 ** (-rng.uniform(15, 28, 2) / 20)
    return np.stack(
        [line(one + rng.normal(0, size, len(one))) for one, size in zip(mixed.T, noise, strict=True)], axis=1
    )
