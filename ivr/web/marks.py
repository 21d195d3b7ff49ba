"""What happened during a recording, on its time line: the caller on hold, the recording paused; what was covered in its
anonymised copy. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ivr.calls.talk import Talk
from ivr.store.schema import JourneyEntry
from ivr.web.talking import talks

Moment = tuple[JourneyEntry, Talk | None]


@dataclass(frozen=True)
class Mark:
    """`kind`: hold, pause, covered. Seconds of the recording. `what` was covered: key, or a kind of what was said."""

    kind: str
    start: float
    end: float
    what: str = ""


def marks(rows: Sequence[JourneyEntry], place: int, of: int) -> list[Mark]:
    """`rows`: the journey of its call. The recording is number `place`, from 0, of the `of` conversations of the call
    that were recorded. Where the journey tells of more or fewer, it cannot be said which is which: no marks."""
    recorded = [one for one in _conversations(rows) if _is_recorded(one)]
    return _marks(recorded[place]) if len(recorded) == of else []


def _conversations(rows: Sequence[JourneyEntry]) -> Iterator[list[Moment]]:
    """Each with the entry that ended it; one that has no end yet is none."""
    moments: list[Moment] = []
    for row, talk in talks(rows):
        if talk is None and not moments:
            continue
        moments.append((row, talk))
        if talk is None:
            yield moments
            moments = []


def _is_recorded(moments: Sequence[Moment]) -> bool:
    return all(talk is None or talk.recorded for _, talk in moments) and all(
        row.kind != "recording-failed" for row, _ in moments
    )


def _marks(moments: Sequence[Moment]) -> list[Mark]:
    began = moments[0][0].at
    since: dict[str, float] = {}
    found = []
    for row, talk in moments:
        at = round((row.at - began).total_seconds(), 2)
        for kind, on in (("hold", talk is not None and talk.held), ("pause", talk is not None and talk.paused)):
            if on:
                since.setdefault(kind, at)
            elif kind in since:
                found.append(Mark(kind, since.pop(kind), at))
    return sorted(found, key=lambda mark: mark.start)
