"""Conversations that a synthetic voice speaks, as a call brings them: 8 kHz, two channels."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from anonymizer.keys import HIGH, LOW
from anonymizer.sound import Samples
from ivr.prompts.audio import for_telephone
from ivr.prompts.pico import Pico

RATE = 8000
CITIZEN = (
    ("it", "Buongiorno, ho ricevuto un avviso di pagamento e vorrei sapere entro quando devo pagare."),
    ("fr", "Je voudrais savoir pourquoi mon paiement n'a pas été enregistré la semaine dernière."),
)
OPERATOR = (
    ("de", "Guten Tag, das sehe ich mir gerne an, bitte bleiben Sie einen Augenblick am Apparat."),
    ("en", "Thank you for waiting. The payment was received, and you do not need to do anything else."),
)


def spoken(sentences: Sequence[tuple[str, str]]) -> Samples:
    return np.concatenate([for_telephone(*Pico().speak(text, language), -20.0) for language, text in sentences])


def key(name: tuple[int, int], seconds: float, level: float = 0.1, rate: int = RATE) -> Samples:
    """The key of row and column `name`."""
    turns = 2 * np.pi * np.arange(round(seconds * rate)) / rate
    return (level * (np.sin(LOW[name[0]] * turns) + np.sin(HIGH[name[1]] * turns))).astype(np.float32)


def power(samples: Samples) -> float:
    return float(np.square(samples, dtype=np.float64).mean())


class Memory:
    """Sound at hand, in blocks of any size."""

    def __init__(self, samples: Samples, rate: int = RATE, block: int = 1 << 15) -> None:
        self.rate, self.channels, self._samples, self._block = rate, samples.shape[1], samples, block

    def frames(self) -> Iterator[Samples]:
        for first in range(0, len(self._samples), self._block):
            yield self._samples[first : first + self._block]


@pytest.fixture(scope="session")
def call() -> Samples:
    """Half a minute: the citizen on the left, the operator on the right, in turn and then both at once."""
    citizen, operator = spoken(CITIZEN), spoken(OPERATOR)
    pause = np.zeros(RATE, np.float32)
    left = np.concatenate([citizen, pause, np.zeros_like(operator), citizen])
    right = np.concatenate([np.zeros_like(citizen), pause, operator, operator])
    length = min(len(left), len(right))
    return np.stack([left[:length], right[:length]], axis=1)
