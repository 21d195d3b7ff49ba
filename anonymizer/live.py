"""One direction of a call, from another voice, while it is spoken: a second later at most. Keys are covered. What is
said is not: nobody can know a name before it has been spoken."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator

import numpy as np

from anonymizer.keys import listen
from anonymizer.pieces import Piece, cut, join
from anonymizer.profiles import Changed
from anonymizer.sound import Samples
from anonymizer.spans import mute, tone
from anonymizer.voice import Voice

log = logging.getLogger(__name__)
SHORTEST, LONGEST = 0.3, 0.6  # seconds of a piece, and so most of the delay


class Live:
    """`give` frames as they come (mono, float32 in ±1), `end` at last; `out` is called with what became of them, from a
    thread. When something fails, `out` is called with None, and nothing more comes: never what was given."""

    def __init__(self, profile: Changed, rate: int, out: Callable[[Samples | None], None]) -> None:
        self._rate, self._out, self._voice = rate, out, Voice(profile, rate)
        self._given: queue.SimpleQueue[Samples | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def give(self, samples: Samples) -> None:
        self._given.put(samples)

    def end(self) -> None:
        self._given.put(None)

    def _run(self) -> None:
        try:
            pieces = cut(self._blocks(), self._rate, 1, SHORTEST, LONGEST)
            for block in join(pieces, self._change, self._rate):
                self._out(block[:, 0])
        except Exception:  # whatever it is, what was given must not be heard for it
            log.exception("a voice could not be changed")
        self._out(None)

    def _blocks(self) -> Iterator[Samples]:
        while (samples := self._given.get()) is not None:
            yield samples[:, np.newaxis]

    def _change(self, piece: Piece) -> Samples:
        spans = listen([piece.frames], self._rate, 1)
        changed = self._voice.change(mute(piece.frames, 0, self._rate, spans)[:, 0])
        return tone(changed[:, np.newaxis], 0, self._rate, spans)
