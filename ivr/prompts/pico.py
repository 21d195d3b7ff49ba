"""The Pico voices (py-nanotts): embedded, offline, about 100 times faster than speech.

The engine is one C object and keeps Python's lock while it speaks, 10 ms of CPU for a second of speech, so a process
that has calls to serve lets `workers` do it.
"""

import threading

import numpy as np
from py_nanotts import NanoTTS

from ivr.prompts.audio import Samples
from ivr.prompts.voice import NoVoice

RATE = 16000
VOICES = {"it": "it-IT", "en": "en-GB", "de": "de-DE", "fr": "fr-FR", "es": "es-ES"}

# At its full volume the engine clips its own voice.
VOLUME = 0.5

_lock = threading.Lock()


class Pico:
    def name(self, language: str) -> str:
        if language not in VOICES:
            raise NoVoice(f"Pico has no voice for '{language}' (it has {', '.join(VOICES)}); a recording is needed")
        return VOICES[language]

    def speak(self, text: str, language: str) -> tuple[Samples, int]:
        voice = self.name(language)
        with _lock:
            pcm = NanoTTS().speak(text, voice, volume=VOLUME)
        return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32768), RATE
