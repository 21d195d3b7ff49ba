"""Synthesis with the Pico voices (py-nanotts): offline, about 100 times faster than speech."""

import threading

import numpy as np
from py_nanotts import NanoTTS

from ivr.prompts.audio import Samples

RATE = 16000
VOICES = {"it": "it-IT", "en": "en-GB", "de": "de-DE", "fr": "fr-FR"}

# The engine is one C object: one sentence at a time.
_lock = threading.Lock()


class NoVoice(Exception):
    """There is no voice for that language."""


def speak(text: str, language: str) -> Samples:
    """The text as mono samples at RATE Hz."""
    voice = VOICES.get(language)
    if voice is None:
        raise NoVoice(f"no voice speaks '{language}'; a recording is needed (voices: {', '.join(VOICES)})")
    with _lock:
        pcm = NanoTTS().speak(text, voice)
    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32768)
