"""The library of prompts: for something to say, the file that says it.

A designer's recording wins over synthesis. Files are named by their content, so a changed text or recording is a new
file, several processes may fill one library, and what is there is never stale.

    LANGUAGE/         recordings, and texts that hold no value: made ahead, kept
    said/LANGUAGE/    texts made while a call waits: they hold a value, and are kept for a while (`said`)
    secret/           texts that hold a secret: deleted when they were played
"""

import asyncio
import copy
import hashlib
import secrets
import tempfile
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from ivr.prompts import audio, said
from ivr.prompts.audio import AudioError
from ivr.prompts.beep import beep
from ivr.prompts.recipe import Recipe
from ivr.prompts.said import Limits
from ivr.prompts.voice import VoiceError
from ivr.prompts.worker import Job, make
from ivr.prompts.workers import WorkerError, Workers

WORKERS = 2
LENGTHS = 2000  # files of which it is remembered how they are played, and for how long
# A secret whose call never came to delete it.
FORGOTTEN = Limits(age=said.PLAYING)


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
    @property
    def secret(self) -> bool: ...


class PromptError(Exception):
    """A prompt that cannot be made into sound; says which, and why."""


class Library:
    def __init__(
        self,
        folder: Path,
        flows: Path,
        recipe: Recipe | None = None,
        limits: Limits | None = None,
        workers: int = WORKERS,
    ) -> None:
        self._folder, self._flows = folder, flows
        self._recipe, self._limits = recipe or Recipe(), limits or Limits()
        self._workers = Workers(self._recipe, workers)
        self._known: dict[tuple[str, str], Path] = {}  # texts that were made ahead, by language
        self._making: dict[Path, asyncio.Task[None]] = {}

    def of(self, flows: Path) -> "Library":
        """This library with the recordings of another flows' folder: files and workers are shared."""
        other = copy.copy(self)
        other._flows = flows
        return other

    async def open(self) -> None:
        """Start what makes sentences during calls, so that the first call need not wait for it."""
        await self._workers.open()

    async def close(self) -> None:
        await self._workers.close()

    def file(self, speech: Speech) -> Path:
        """Where the sound of `speech` is, or will be, when it is made ahead of calls. Raises PromptError."""
        try:
            if speech.recording:
                key = self._recipe.key_of_recording(self._flows / speech.recording)
            else:
                key = self._recipe.key_of_text(speech.text, speech.language)
        except (OSError, VoiceError) as error:
            raise _failure(speech, error) from error
        return self._folder / speech.language / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.wav"

    def make(self, speech: Speech) -> Path:
        """Make the sound ahead of calls, if it is not there; 40 ms of CPU a sentence. Raises PromptError."""
        path = self.file(speech)
        if not path.exists():
            try:
                make(self._recipe, self._job(speech, path))
            except (OSError, RuntimeError, AudioError, VoiceError) as error:
                raise _failure(speech, error) from error
        return path

    def sound(self, speech: Speech) -> bytes:
        """The sound itself (WAV) for somebody who listens without a call; what is not there is made for this once and
        kept nowhere. Raises PromptError."""
        path = self.file(speech)
        try:
            if path.exists():
                return path.read_bytes()
            with tempfile.TemporaryDirectory(prefix="ivr-sound-") as place:
                once = Path(place) / path.name
                make(self._recipe, self._job(speech, once))
                return once.read_bytes()
        except (OSError, RuntimeError, AudioError, VoiceError) as error:
            raise _failure(speech, error) from error

    def make_all(self, all_speech: Iterable[Speech], progress: Callable[[int, int], None]) -> None:
        """Make everything; `progress(done, total)` is called after each."""
        wanted = list(all_speech)
        for number, speech in enumerate(wanted, 1):
            self.make(speech)
            progress(number, len(wanted))

    async def ready(self, speech: Speech) -> Path:
        """The file, made by a worker if it must be. Of a secret: `forget` it once it was played. Raises PromptError."""
        if speech.secret and not speech.recording:
            path = self._private("secret") / f"{secrets.token_hex(16)}.wav"
            await self._made(speech, path)
            return path
        text = (speech.language, speech.text)
        if not speech.recording and text in self._known:
            return self._known[text]
        path = self.file(speech)
        if speech.recording:
            if not path.exists():
                await self._made(speech, path)
            return path
        if path.exists():
            self._known[text] = path
            return path
        # Nobody made it ahead, so it holds a value of this call.
        path = self._private("said") / speech.language / path.name
        if not said.use(path):
            await self._made(speech, path)
        return path

    async def beep(self) -> Path:
        """What beeps before a message. Raises PromptError."""
        try:
            return await asyncio.to_thread(beep, self._folder)
        except OSError as error:
            raise PromptError(f"the beep: {error}") from error

    def stays(self, path: Path) -> bool:
        """Whether a file was made ahead of calls, and is never deleted."""
        return path.parent.parent == self._folder and path.parent.name != "secret"

    def forget(self, path: Path) -> None:
        """The file was played, or never will be: if it says a secret it is deleted."""
        if path.parent == self._folder / "secret":
            path.unlink(missing_ok=True)

    def sweep(self, now: float) -> int:
        """Delete sentences with values that are older, or more, than the limits say; returns how many."""
        gone = said.sweep(self._folder / "said", self._limits, now)
        gone += said.sweep(self._folder / "secret", FORGOTTEN, now)
        return len(gone)

    def seconds(self, path: Path) -> float:
        """How long a file of this library plays."""
        return _seconds(path)

    async def _made(self, speech: Speech, path: Path) -> None:
        """Two calls that need the same sentence wait for one synthesis, which goes on when one of them hangs up."""
        task = self._making.get(path)
        if task is None:
            task = self._making[path] = asyncio.create_task(self._workers.make(self._job(speech, path)))
            task.add_done_callback(lambda _: self._making.pop(path))
        try:
            await asyncio.shield(task)
        except WorkerError as error:
            raise _failure(speech, error) from error

    def _job(self, speech: Speech, path: Path) -> Job:
        source = str(self._flows / speech.recording) if speech.recording else None
        return Job(speech.text, speech.language, str(path), source)

    def _private(self, name: str) -> Path:
        """A folder of the library that nobody but us looks into."""
        folder = self._folder / name
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise PromptError(f"{folder}: {error.strerror}") from error
        return folder


def _failure(speech: Speech, error: Exception) -> PromptError:
    return PromptError(f"prompt {speech.prompt} ({speech.language}): {error}")


_seconds = lru_cache(LENGTHS)(audio.seconds)  # files are named by their content: a length stays


@lru_cache(LENGTHS)
def media(path: Path) -> str:
    """As ARI's play wants it: without the extension, Asterisk chooses the format."""
    return f"sound:{path.with_suffix('')}"
