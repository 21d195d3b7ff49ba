"""Real voices, and the sounds that tests are made of."""

from dataclasses import dataclass

import numpy as np
import pytest

from asterisk_conf import tree
from ivr.prompts.audio import Samples
from ivr.prompts.recipe import Recipe

SENTENCES = {
    "it": "La telefonata sarà registrata in forma anonima per migliorare il servizio.",
    "en": "This call will be recorded anonymously to improve the service.",
    "de": "Das Gespräch wird anonym aufgezeichnet, um den Dienst zu verbessern.",
    "fr": "Cet appel sera enregistré de façon anonyme pour améliorer le service.",
}


@pytest.fixture(scope="session")
def espeak() -> Recipe:
    got = tree.ensure(print)
    return Recipe("espeak-ng", espeak=tuple(got.argv("espeak-ng", f"--path={got.espeak_data}")))


def sine(level: float, seconds: float, rate: int = 8000, hertz: float = 440) -> Samples:
    """A tone whose RMS is `level` dBFS."""
    amplitude = 10 ** (level / 20) * np.sqrt(2)
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def spoken_level(samples: Samples, rate: int = 8000) -> float:
    """RMS in dBFS of the 50 ms pieces that are less than 20 dB below the loudest: another measure than the code's."""
    size = rate // 20
    pieces = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    power = (pieces**2).mean(axis=1)
    return float(10 * np.log10(power[power > power.max() / 100].mean()))


@dataclass(frozen=True)
class Say:
    """A `Speech` of the library."""

    text: str
    language: str = "it"
    prompt: str = "welcome"
    recording: str | None = None
    secret: bool = False
