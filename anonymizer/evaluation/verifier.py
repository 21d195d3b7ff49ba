"""A speaker verifier: Resemblyzer (a GE2E network; L. Wan and others, 2018), which is not part of the installation."""

import numpy as np
from numpy.typing import NDArray

from anonymizer.files import WrongUse


class Verifier:
    """Raises WrongUse when it is not installed."""

    def __init__(self) -> None:
        try:
            from resemblyzer import VoiceEncoder, preprocess_wav
        except ImportError as error:
            raise WrongUse(
                "the verifier is not installed: pip install -e '.[evaluation]' && "
                "pip install --no-deps resemblyzer==0.1.4"
            ) from error
        self._encoder, self._prepare = VoiceEncoder("cpu", verbose=False), preprocess_wav

    def embed(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """The voice as a vector of length 1."""
        embedding: NDArray[np.float32] = self._encoder.embed_utterance(self._prepare(samples, source_sr=rate))
        return embedding
