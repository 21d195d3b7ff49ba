"""What a synthesiser is to us. `pico` and `espeak` are two; a third is one more module and its name in `recipe`."""

from typing import Protocol

from ivr.prompts.audio import Samples


class VoiceError(Exception):
    """A synthesiser cannot speak this; the message says why and what to do."""


class NoVoice(VoiceError):
    """It has no voice for that language."""


class Voice(Protocol):
    def name(self, language: str) -> str:
        """The voice that speaks `language` (a code such as `it`). Raises NoVoice."""
        ...

    def speak(self, text: str, language: str) -> tuple[Samples, int]:
        """The text as mono samples, and their rate in Hz. Raises VoiceError."""
        ...
