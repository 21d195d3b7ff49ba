"""Who speaks, told by a verifier: Resemblyzer (a GE2E network; L. Wan and others, 2018), which is not part of the
installation."""

import heapq

import numpy as np
from numpy.typing import NDArray

SECONDS = 30  # of a channel that are compared
LEAST = 3.0  # seconds of speech in which a voice can be told
RATE = 16000  # of what the verifier has prepared


class NotInstalled(Exception):
    """The message says what to do."""


class Verifier:
    """Raises NotInstalled."""

    def __init__(self) -> None:
        try:
            from resemblyzer import VoiceEncoder, preprocess_wav
        except ImportError as error:
            raise NotInstalled(
                "the verifier is not installed: pip install -e '.[evaluation]' && "
                "pip install --no-deps resemblyzer==0.1.4"
            ) from error
        self._encoder, self._prepare = VoiceEncoder("cpu", verbose=False), preprocess_wav

    def embed(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """The voice as a vector of length 1."""
        embedding: NDArray[np.float32] = self._encoder.embed_utterance(self._prepare(samples, source_sr=rate))
        return embedding

    def similarity(self, one: NDArray[np.float32], other: NDArray[np.float32], rate: int) -> float | None:
        """The cosine of two voices; None where either has too little speech for it."""
        speech = [self._prepare(samples, source_sr=rate) for samples in (one, other)]
        if min(map(len, speech)) < LEAST * RATE:
            return None
        first, second = (self._encoder.embed_utterance(samples) for samples in speech)
        return float(first @ second)


def installed() -> Verifier | None:
    try:
        return Verifier()
    except NotInstalled:
        return None


class Loudest:
    """The loudest SECONDS of one channel, before and after, in their order."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, int, NDArray[np.float32], NDArray[np.float32]]] = []
        self._count = 0

    def hear(self, one: NDArray[np.float32], other: NDArray[np.float32], power: float) -> None:
        """A second of it."""
        self._count += 1
        second = (power, self._count, one.copy(), other.copy())
        if len(self._kept) < SECONDS:
            heapq.heappush(self._kept, second)
        else:
            heapq.heappushpop(self._kept, second)

    def similarity(self, verifier: Verifier, rate: int) -> float | None:
        if not self._kept:
            return None
        in_order = sorted(self._kept, key=lambda second: second[1])
        one, other = (np.concatenate([second[side] for second in in_order]) for side in (2, 3))
        return verifier.similarity(one, other, rate)
