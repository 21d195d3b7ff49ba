"""Who speaks: the voices of Pico or Kokoro, each a little another; human ones for digits and letters (Asterisk's)."""

import random
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from py_nanotts import NanoTTS

from anonymizer.evaluation.speakers import RATE
from asterisk_conf import debian
from bench.spoken_data import kokoro
from bench.spoken_data.kokoro import Kokoro
from bench.spoken_data.values import ITALIAN_LETTERS

PACKAGES = (*(f"asterisk-core-sounds-{one}-wav" for one in ("en", "fr", "it")), "asterisk-prompt-de")
FOLDERS = {"en": "en_US_f_Allison", "fr": "fr_CA_f_June", "it": "it_IT_m_Carlo", "de": "de"}
VOICES = {"it": ("it-IT",), "en": ("en-GB", "en-US"), "de": ("de-DE",), "fr": ("fr-FR",)}
LEVEL = 0.08  # RMS where somebody speaks
LETTERS = {name: letter for letter, name in ITALIAN_LETTERS.items()}


@dataclass(frozen=True)
class Person:
    voice: str
    speed: float
    pitch: float


class Voices:
    """`other`: Kokoro speaks in Pico's place."""

    def __init__(self, other: bool = False) -> None:
        self._kokoro = Kokoro() if other else None
        self._human = debian.unpacked("sounds", "forky", PACKAGES, "human voices", print) / "usr/share/asterisk/sounds"
        self._engine = NanoTTS()

    def person(self, language: str, rng: random.Random) -> Person:
        voice = self._kokoro.voice(rng) if self._kokoro else rng.choice(VOICES[language])
        return Person(voice, rng.uniform(0.9, 1.15), rng.uniform(0.8, 1.2))

    def say(
        self, text: str, language: str, person: Person, human: bool, tag: str, rng: random.Random
    ) -> NDArray[np.float64]:
        if human and (files := self._files(text, language)) is not None:
            return self._joined(files, rng)
        if self._kokoro:
            return _trimmed(self._kokoro.speak(text, language, person.voice, person.speed), kokoro.RATE)
        pcm = self._engine.speak(text, person.voice, speed=person.speed, pitch=person.pitch, volume=0.5)
        return _trimmed(np.frombuffer(pcm, "<i2").astype(np.float64) / 32768, 16000)

    def _files(self, text: str, language: str) -> list[Path | None] | None:
        """A file for each digit or letter, None for a pause; None in all when a word has no recording."""
        found: list[Path | None] = []
        folder = self._human / FOLDERS[language]
        for group in text.split(","):
            for word in group.split():
                words = list(word) if word.isdigit() else [LETTERS.get(word, word.lower())]
                for one in words:
                    path = [
                        folder / kind / f"{one}.{form}" for kind in ("digits", "letters") for form in ("wav", "gsm")
                    ]
                    there = [it for it in path if it.exists() and (it.parent.name == "digits") == one.isdigit()]
                    if not there or not re.fullmatch(r"\w", one):
                        return None
                    found.append(there[0])
            found.append(None)
        return found

    def _joined(self, files: list[Path | None], rng: random.Random) -> NDArray[np.float64]:
        parts = []
        for path in files[:-1]:
            if path is None:
                parts.append(np.zeros(round(rng.uniform(0.2, 0.7) * RATE)))
            elif path.suffix == ".gsm":
                sound, rate = soundfile.read(path, samplerate=8000, channels=1, format="RAW", subtype="GSM610")
                parts.append(_trimmed(sound, rate))
            else:
                parts.append(_trimmed(*soundfile.read(path)))
            parts.append(np.zeros(round(rng.uniform(0.0, 0.15) * RATE)))
        return np.concatenate(parts)


def _trimmed(sound: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    sound = soxr.resample(sound, rate, RATE)
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    if not len(loud):
        return np.zeros(1)
    sound = sound[max(0, loud[0] - 80) : loud[-1] + 160]
    return sound * (LEVEL / np.sqrt(np.square(sound[np.abs(sound) > 0.01]).mean()))
