"""Copies of an utterance, as a profile makes them. Personal data is not covered: it is voices that are measured."""

import time
from dataclasses import dataclass

import numpy as np

from anonymizer.evaluation.speakers import RATE
from anonymizer.profiles import Profile, Spoken
from anonymizer.retold import Retold
from anonymizer.sound import Pcm, Samples, to_pcm
from anonymizer.speech import Recogniser, Speech
from anonymizer.voice import Voice


@dataclass(frozen=True)
class Copies:
    """Each of a draw of its own; `cost`: seconds of CPU for one."""

    sounds: list[Samples]
    cost: float


def copies(profile: Profile, sound: Samples, draws: int, recogniser: Recogniser | None, language: str | None) -> Copies:
    """`recogniser`, and the `language` if it is known, are of a profile that speaks anew. Raises NotRecognised."""
    begun = time.process_time()
    if not isinstance(profile, Spoken):
        made = [Voice(profile, RATE).change(sound) for _ in range(draws)]
        return Copies(made, (time.process_time() - begun) / draws)
    if recogniser is None:
        raise ValueError("what was not recognised cannot be spoken")
    pcm = to_pcm(sound[:, np.newaxis])
    source = Pcm(lambda: [pcm], RATE, 1)
    understood = Speech(recogniser, language, cover=False).listen(source)
    recognised = time.process_time()
    made = [
        np.concatenate([voiced[:, 0] for _, voiced in Retold(source, understood, [], profile)]) for _ in range(draws)
    ]
    return Copies(made, recognised - begun + (time.process_time() - recognised) / draws)
