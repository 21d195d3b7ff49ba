"""One conversation made anonymous: what nobody may hear is covered first, then each voice becomes another."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from anonymizer.check import Check, judge
from anonymizer.keys import listen
from anonymizer.pieces import Piece, cut, join
from anonymizer.profiles import Changed, Profile, Spoken
from anonymizer.retold import Retold
from anonymizer.sound import Samples, Source
from anonymizer.spans import Span, merged, mute, tone
from anonymizer.speech import NotRecognised, Speech, Understood
from anonymizer.verifier import Verifier
from anonymizer.voice import Voice


class Run:
    """Iterate over it once: blocks of frames, as many in all as the source has. When the iteration has ended without
    an error, and not before, what came out may be shown; `report` then says what was done, without a word of what was
    said. `understood` has the transcript, by channel, in which what is covered is left out.

    Raises SoundError when the source cannot be used, NotAnonymised when its words cannot be recognised or the check of
    the result fails.
    """

    def __init__(
        self,
        source: Source,
        profile: Profile | None,
        keys: bool,
        known: Sequence[Span],
        speech: Speech | None,
        verifier: Verifier | None,
    ) -> None:
        self._source, self._profile, self._keys, self._known, self._speech = source, profile, keys, known, speech
        self._verifier = verifier if profile else None
        self.report: dict[str, Any] = {}
        self.understood = Understood(None)

    def __iter__(self) -> Iterator[Samples]:
        source, rate, channels = self._source, self._source.rate, self._source.channels
        if isinstance(self._profile, Spoken) and self._speech is None:
            raise NotRecognised(
                f"{self._profile.name} speaks what was recognised, and there is no recogniser: "
                "give one, or take another profile"
            )
        if self._speech:
            self.understood = self._speech.listen(source)
        heard = listen(source.frames(), rate, channels) if self._keys else []
        spans = merged([*self._known, *heard, *self.understood.spans])
        check = Check(rate, channels, self._verifier)
        first = 0
        profile, retold = self._profile, None
        if isinstance(profile, Spoken):
            retold = Retold(source, self.understood, spans, profile)
            blocks = iter(retold)
        else:
            blocks = self._voiced(spans, profile)
        for muted, voiced in blocks:
            final = tone(voiced, first, rate, spans)
            check.see(muted, voiced, final)
            first += len(final)
            yield final
        found = check.findings()
        judge(found, self._profile is not None, self._keys, spans, as_loud=retold is None)
        missed = retold.unspoken if retold else []
        self.report = {
            "profile": self._profile.name if self._profile else None,
            "seconds": round(first / rate, 3),
            "rate": rate,
            "channels": channels,
            "speech": self._speech is not None and self._speech.cover,
            "language": self.understood.language,
            "sure": self.understood.sure,
            "covered": [dataclasses.asdict(span) for span in spans],
            "unspoken": [[dataclasses.asdict(span) for span in every] for every in missed],
            "unspoken_seconds": [round(sum(span.end - span.start for span in every), 1) for every in missed],
            "check": dataclasses.asdict(found),
        }

    def _voiced(self, spans: Sequence[Span], profile: Changed | None) -> Iterator[tuple[Samples, Samples]]:
        """(input without what is covered, the same from another voice), block by block."""
        rate, channels = self._source.rate, self._source.channels
        muted = _muted(self._source.frames(), rate, spans)
        if profile is None:
            yield from ((block, block) for block in muted)
            return
        voices = [Voice(profile, rate) for _ in range(channels)]
        kept: list[Samples] = []

        def change(piece: Piece) -> Samples:
            kept.append(piece.frames[piece.before : piece.before + piece.length])
            both = zip(voices, piece.frames.T, strict=True)
            return np.stack([voice.change(samples) for voice, samples in both], axis=1)

        for block in join(cut(muted, rate, channels), change, rate):
            yield kept.pop(), block


def anonymize(
    source: Source,
    profile: Profile | None,
    keys: bool = True,
    known: Sequence[Span] = (),
    speech: Speech | None = None,
    verifier: Verifier | None = None,
) -> Run:
    """`source` made anonymous, as a Run to iterate over. `profile` None leaves the voices as they are; `keys` covers
    the keys that are heard; `known` are spans to cover that are known from elsewhere (RFC 4733 events); `speech`
    recognises what is said, and covers personal data. A profile that speaks anew needs it. `verifier`: nor may that
    tell who speaks."""
    return Run(source, profile, keys, known, speech, verifier)


def _muted(blocks: Iterator[Samples], rate: int, spans: Sequence[Span]) -> Iterator[Samples]:
    first = 0
    for block in blocks:
        yield mute(block, first, rate, spans)
        first += len(block)
