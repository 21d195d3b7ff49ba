"""A process that makes prompts, so that no call waits for another call's synthesis.

Its first line in is the recipe, then one job a line; for each job it answers one line. It ends when its input ends.
"""

import signal
import sys
from pathlib import Path

import msgspec

from ivr.prompts import audio
from ivr.prompts.audio import AudioError
from ivr.prompts.recipe import Recipe
from ivr.prompts.voice import VoiceError


class Job(msgspec.Struct):
    """Say `text`, or, when there is one, the recording at `source`, into the file `target`."""

    text: str
    language: str
    target: str
    source: str | None = None


class Done(msgspec.Struct):
    """`error` is empty when the file is there."""

    error: str = ""


def make(recipe: Recipe, job: Job) -> None:
    """Raises OSError, RuntimeError (Pico's), AudioError, VoiceError."""
    sound = recipe.from_recording(Path(job.source)) if job.source else recipe.synthesise(job.text, job.language)
    target = Path(job.target)
    target.parent.mkdir(parents=True, exist_ok=True)
    audio.write(target, sound)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started us
    lines = sys.stdin.buffer
    recipe = msgspec.json.decode(lines.readline(), type=Recipe)
    for line in lines:
        done = Done()
        try:
            make(recipe, msgspec.json.decode(line, type=Job))
        except (OSError, RuntimeError, AudioError, VoiceError) as error:
            done.error = str(error)
        sys.stdout.buffer.write(msgspec.json.encode(done) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
