"""The library of prompts: for something to say, the file that says it.

A designer's recording wins over synthesis. Files are named by their content, so a changed text or recording is a new
file, several processes may fill one library, and what is there is never stale.
"""

import asyncio
import hashlib
import logging
import wave
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from ivr.prompts import audio, voice

log = logging.getLogger(__name__)

# Changes whenever the same words would be turned into different sound.
MAKE = "1"


class Speech(Protocol):
    """Something to say; `recording` is a path below the flows' folder, or None for synthesis of `text`."""

    @property
    def prompt(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def recording(self) -> str | None: ...


class PromptError(Exception):
    """A prompt that cannot be made into sound; says which, and why."""


class Library:
    def __init__(self, folder: Path, flows: Path) -> None:
        self._folder, self._flows = folder, flows
        self._seconds: dict[Path, float] = {}

    def file(self, speech: Speech) -> Path:
        """Where the sound of `speech` is, or will be."""
        if speech.recording:
            path = self._flows / speech.recording
            try:
                stat = path.stat()
            except OSError as error:
                raise PromptError(f"prompt {speech.prompt}: {path}: {error.strerror}") from error
            content = f"{path.resolve()}|{stat.st_mtime_ns}|{stat.st_size}"
        else:
            content = speech.text
        digest = hashlib.sha256(f"{MAKE}|{speech.language}|{content}".encode()).hexdigest()[:32]
        return self._folder / speech.language / f"{digest}.wav"

    def make(self, speech: Speech) -> Path:
        """Make the sound if it is not there. Takes about 40 ms of CPU for a sentence. Raises PromptError."""
        path = self.file(speech)
        if path in self._seconds or path.exists():
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            if speech.recording:
                samples, rate = audio.read(self._flows / speech.recording)
            else:
                samples, rate = voice.speak(speech.text, speech.language), voice.RATE
            audio.write(path, audio.for_telephone(samples, rate))
        except (OSError, RuntimeError, voice.NoVoice) as error:
            raise PromptError(f"prompt {speech.prompt} ({speech.language}): {error}") from error
        return path

    def make_all(self, all_speech: Iterable[Speech], progress: Callable[[int, int], None]) -> None:
        """Make everything; `progress(done, total)` is called after each."""
        wanted = list(all_speech)
        for number, speech in enumerate(wanted, 1):
            self.make(speech)
            progress(number, len(wanted))

    async def ready(self, speech: Speech) -> Path:
        """The file, made in a thread if it must be, so that other calls go on."""
        path = self.file(speech)
        if path in self._seconds:
            return path
        await asyncio.to_thread(self.make, speech)
        self._seconds[path] = seconds(path)
        return path

    def seconds(self, path: Path) -> float:
        """How long a file that was made `ready` plays."""
        return self._seconds[path]


def seconds(path: Path) -> float:
    with wave.open(str(path)) as sound:
        return float(sound.getnframes() / sound.getframerate())


def media(path: Path) -> str:
    """As ARI's play wants it: without the extension, Asterisk chooses the format."""
    return f"sound:{path.with_suffix('')}"
