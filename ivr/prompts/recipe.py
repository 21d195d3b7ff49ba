"""How words, or a recording, become the sound of a prompt: by which synthesiser, and how loud."""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from ivr.prompts import audio
from ivr.prompts.espeak import Espeak
from ivr.prompts.pico import Pico
from ivr.prompts.voice import Voice, VoiceError

# Changes whenever the same words would be turned into different sound.
MAKE = "2"
# Below this many dBFS there is a click at most: a text without words.
MURMUR = -45.0
# A synthesiser may take what stands in angle brackets for an order to itself, and a value may come from anywhere.
_UNSPOKEN = re.compile(r"[<>\x00-\x1f]+")


@dataclass(frozen=True)
class Recipe:
    """`loudness`: dBFS over the speech. `espeak`: the command line of espeak-ng, where that is the synthesiser."""

    synthesiser: str = "pico"
    loudness: float = audio.LOUDNESS
    espeak: tuple[str, ...] = ("espeak-ng",)

    @cached_property
    def voice(self) -> Voice:
        match self.synthesiser:
            case "pico":
                return Pico()
            case "espeak-ng":
                return Espeak(self.espeak)
        raise ValueError(f"there is no synthesiser '{self.synthesiser}'")

    def key_of_text(self, text: str, language: str) -> str:
        """What the sound of a text depends on. Raises NoVoice."""
        return f"{MAKE}|{self.loudness:g}|{language}|{self.synthesiser}|{self.voice.name(language)}|{text}"

    def key_of_recording(self, path: Path) -> str:
        """What the sound of a recording depends on: its content, wherever it lies. Raises OSError."""
        stat = path.stat()
        return f"{MAKE}|{self.loudness:g}|{_digest(path, stat.st_mtime_ns, stat.st_size)}"

    def synthesise(self, text: str, language: str) -> audio.Samples:
        """The text as a prompt. Raises VoiceError, RuntimeError."""
        samples, rate = self.voice.speak(_UNSPOKEN.sub(" ", text), language)
        if audio.loudness(samples, rate) < MURMUR:
            raise VoiceError(f"{self.synthesiser} finds nothing to say in the text ({len(text)} characters)")
        return audio.for_telephone(samples, rate, self.loudness)

    def from_recording(self, path: Path) -> audio.Samples:
        """The recording as a prompt. Raises AudioError."""
        samples, rate = audio.read(path)
        return audio.for_telephone(samples, rate, self.loudness)


@lru_cache(maxsize=4096)
def _digest(path: Path, changed: int, size: int) -> str:
    """Asked with every play, so a file is read again only when it has changed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
