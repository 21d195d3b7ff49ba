"""espeak-ng: a program of its own, about 100 languages, formant synthesis. Its command line is given to us."""

import io
import subprocess
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import soundfile

from ivr.prompts import audio
from ivr.prompts.audio import Samples
from ivr.prompts.voice import NoVoice, VoiceError

# Where the plain code is not the accent that Europe expects.
ACCENTS = {"en": "en-gb", "fr": "fr-fr"}
PATIENCE = 10.0


class Espeak:
    def __init__(self, command: Sequence[str]) -> None:
        """`command`: the program with the options it always needs."""
        self._command = list(command)

    def name(self, language: str) -> str:
        voice = ACCENTS.get(language, language)
        if voice not in self._languages:
            raise NoVoice(f"espeak-ng has no voice for '{language}'; a recording is needed")
        return voice

    def speak(self, text: str, language: str) -> tuple[Samples, int]:
        wav = self._run("-v", self.name(language), "-b", "1", "--stdin", "--stdout", given=text)
        if not wav:  # no letter in it
            return np.zeros(0, np.float32), audio.RATE
        # It writes the header before it knows the length, so the rate is read and all the rest is sound.
        with soundfile.SoundFile(io.BytesIO(wav)) as file:
            rate = file.samplerate
        pcm = wav[wav.index(b"data") + 8 :]
        return np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float32) / np.float32(32768), rate

    @cached_property
    def _languages(self) -> frozenset[str]:
        rows = self._run("--voices").decode().splitlines()[1:]
        return frozenset(fields[1] for row in rows if len(fields := row.split()) > 1)

    def _run(self, *arguments: str, given: str = "") -> bytes:
        try:
            done = subprocess.run(
                [*self._command, *arguments], input=given.encode(), capture_output=True, timeout=PATIENCE, check=True
            )
        except subprocess.CalledProcessError as error:
            raise VoiceError(f"espeak-ng: {error.stderr.decode('utf-8', 'replace').strip()}") from error
        except subprocess.TimeoutExpired as error:
            raise VoiceError(f"espeak-ng took longer than {PATIENCE:g} s") from error
        except OSError as error:
            raise VoiceError(f"{self._command[0]}: {error.strerror}") from error
        return done.stdout
