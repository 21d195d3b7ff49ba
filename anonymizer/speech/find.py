"""From the words of a conversation to the stretches of it that nobody may hear. Pure: no sound, no recogniser.

A recogniser is often wrong on the telephone, most of all about names and letters. So what is covered depends as much on
where a thing is expected as on what was heard there, and all that several hearings of one sound tell counts together.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from anonymizer.spans import Span, merged
from anonymizer.speech import awaited, people, places
from anonymizer.speech.codes import HESITATION, Cluster, circles, clusters, widened
from anonymizer.speech.kinds import kind_of
from anonymizer.speech.lexicon import PLACES, Lexicon, folded
from anonymizer.speech.tokens import Token, phrases_in, tokens
from anonymizer.speech.words import Heard

MARGIN = 0.4  # seconds covered around
CLOSE = 0.12  # of these, where an ordinary word stands that was surely heard
SURE = 0.5
PAUSE = 1.2  # seconds that are not covered, within something that is
SOON = 12.0  # seconds in which a code follows what announces it
UNHEARD = 4.0  # seconds of speech without a word, beside what is covered, that are covered with it
MISSED = 2.0  # seconds after "the number is" in which its first digits were said, though none was heard
BETWEEN = 2  # ordinary words in a row within a code that is expected
SAME = 3  # digits in a row that are those of a number which is known
NUMBERS = ("phone", "card", "notice")  # that have no letters

T = TypeVar("T")
Found = Sequence[Token]
Mark = tuple[int, int, str]  # first token, last token, kind
Stretch = tuple[float, float]  # seconds
Cue = tuple[float, str]  # when it was said that a code follows, and which


@dataclass(frozen=True)
class Side:
    """What one hearing has of one channel, and of the other ones; what is expected there is known from all hearings."""

    found: Found
    again: Sequence[Found]  # other hearings of this channel
    others: Sequence[Found]
    lexicon: Lexicon
    cues: Sequence[Cue]  # of codes, by anybody
    announced: Sequence[Cue]  # in this channel, so that it follows at once
    asked: Sequence[Cue]  # in the others, so that it is the answer

    @property
    def all(self) -> Sequence[Found]:
        return [self.found, *self.others]


def find(hearings: Sequence[Sequence[Heard]], lexicon: Lexicon, hints: Sequence[str] = ()) -> list[Span]:
    """`hearings`: what was heard, each time by channel. `hints`: what is known already, such as the caller's name and
    number. A span is for all channels; kinds are `name`, `email`, `address`, `birth`, and those of codes, which the
    lexicon names."""
    told = [[tokens(heard.words, lexicon) for heard in channels] for channels in hearings]
    by_channel = list(zip(*told, strict=True))
    cues = sorted({cue for found in chain(*told) for cue in _cues(found, lexicon)})
    expected = [sorted({cue for found in every for cue in awaited.moments(found, lexicon)}) for every in by_channel]
    words = [sorted((one.start, one.end) for one in chain(*every)) for every in by_channel]
    spans: list[Span] = []
    for number, (channels, both) in enumerate(zip(hearings, told, strict=True)):
        sides = [
            Side(
                found,
                _without(by_channel[n], number),
                _without(both, n),
                lexicon,
                cues,
                expected[n],
                list(chain(*_without(expected, n))),
            )
            for n, found in enumerate(both)
        ]
        codes = [list(_codes(side)) for side in sides]
        ends = [[side.found[last].end for _, last, _ in marks] for side, marks in zip(sides, codes, strict=True)]
        for n, side in enumerate(sides):
            read_back = _repeated(side, list(chain(*_without(ends, n))))
            marks = chain(
                codes[n],
                _circles(side),
                read_back,
                _people(side, hints),
                _places(side),
                _awaited(side),
                _known(side, hints),
            )
            said = [time for time, kind in side.announced if kind not in PLACES]
            for part in chain(*(_parts(side.found, mark) for mark in marks)):
                spans.append(_span(side.found, part, channels[n].speech, words[n], said))
    return merged(spans)


def _without(every: Sequence[T], number: int) -> list[T]:
    return [*every[:number], *every[number + 1 :]]


def _cues(found: Found, lexicon: Lexicon) -> Iterator[Cue]:
    for _, last, phrase in phrases_in(found, lexicon.codes):
        yield found[last].end, lexicon.codes[phrase]


def _codes(side: Side) -> Iterator[Mark]:
    for one in clusters(side.found, 0, side.lexicon.fillers):
        if one.certain and not _imagined(side, one):
            yield *widened(side.found, one.first, one.last, 2), _kind(side, one)
    for one in clusters(side.found, BETWEEN, side.lexicon.fillers):
        if one.likely and _cue(side, one):
            yield *widened(side.found, one.first, one.last), _kind(side, one)


def _imagined(side: Side, cluster: Cluster) -> bool:
    """Letters that another hearing of the same sound has, with more certainty, as words: given a hint with codes, a
    recogniser takes what it does not understand for letters."""
    if cluster.digits or _cue(side, cluster):
        return False
    letters = side.found[cluster.first : cluster.last + 1]
    for found in side.again:
        held = [one for one in found if one.end > letters[0].start and one.start < letters[-1].end]
        words = sum(one.ordinary and not one.weak for one in held) > 1 and not any(one.data for one in held)
        if words and _sure(held) > _sure(letters):
            return True
    return False


def _sure(held: Sequence[Token]) -> float:
    return sum(one.sure for one in held) / len(held)


def _circles(side: Side) -> Iterator[Mark]:
    """Where a code is expected, or beside one."""
    expected = [end for end, _ in (*side.cues, *side.announced, *side.asked)]
    codes = [one for one in clusters(side.found, 0, side.lexicon.fillers) if one.likely]
    said = [time for one in codes for time in (side.found[one.first].start, side.found[one.last].end)]
    for first, last in circles(side.found):
        start, end = side.found[first].start, side.found[last].end
        due = any(-0.3 < start - cue < SOON for cue in expected)
        if due or any(start - HESITATION < time < end + HESITATION for time in said):
            yield first, last, "code"


def _repeated(side: Side, said: Sequence[float]) -> Iterator[Mark]:
    """Parts of a code that the other side has just said, read back."""
    for one in clusters(side.found, BETWEEN, side.lexicon.fillers):
        if one.likely and any(-SOON < side.found[one.first].start - end < SOON for end in said):
            yield one.first, one.last, _kind(side, one)


def _cue(side: Side, cluster: Cluster) -> str | None:
    """What the last cue before a cluster announces; one that says what it is before one that does not."""
    start = side.found[cluster.first].start
    near = [kind for end, kind in side.cues if -0.3 < start - end < SOON]
    return next((kind for kind in reversed(near) if kind != "code"), near[-1] if near else None)


def _kind(side: Side, cluster: Cluster) -> str:
    parts = side.found[cluster.first : cluster.last + 1]
    said = "".join(one.text for one in parts if one.data or (one.weak and len(one.text) == 1))
    return kind_of(said) or _cue(side, cluster) or "code"


def _people(side: Side, hints: Sequence[str]) -> Iterator[Mark]:
    rules = (people.listed, people.written, people.strange)
    names = [name for rule in rules for name in rule(side.found, side.lexicon)]
    names += people.announced(side.found, side.lexicon, side.again)
    for other in side.others:
        names += people.asked(other, side.found, side.lexicon)
    learnt = {
        one.text
        for found in side.all
        for first, last in people.announced(found, side.lexicon)
        for one in found[first : last + 1]
        if one.name or not one.ordinary
    }
    known = {folded(word) for hint in hints for word in re.findall(r"[^\W\d]{3,}", hint)} - side.lexicon.common
    names += people.again(side.found, sorted(known | learnt))
    names += people.given(side.found, sorted(known))
    for first, last in names:
        yield first, last, "name"


def _places(side: Side) -> Iterator[Mark]:
    rules = {"email": places.emails, "address": places.addresses, "birth": places.births}
    for kind, rule in rules.items():
        said = [found[last].end for found in side.all for _, last, _ in phrases_in(found, side.lexicon.awaited(kind))]
        for first, last in rule(side.found, side.lexicon, said):
            yield first, last, kind


def _awaited(side: Side) -> Iterator[Mark]:
    """What one says where it was announced, or after the other has asked for it."""
    for end, kind in side.announced:
        yield from _run(side, awaited.following(side.found, end), kind)
    for end, kind in side.asked:
        yield from _run(side, awaited.answer(side.found, end), kind)


def _run(side: Side, first: int | None, kind: str) -> Iterator[Mark]:
    digits = kind in NUMBERS
    stretch = None if first is None else awaited.run(side.found, first, digits)
    if stretch and awaited.telling(side.found, stretch, digits):
        yield *stretch, kind


def _known(side: Side, hints: Sequence[str]) -> Iterator[Mark]:
    """Parts of numbers that are known."""
    numbers = ["".join(re.findall(r"\d", hint)) for hint in hints]
    for one in clusters(side.found, 0, side.lexicon.fillers):
        said = "".join(token.text for token in side.found[one.first : one.last + 1] if token.text.isdigit())
        if len(said) >= SAME and any(said in number for number in numbers):
            yield one.first, one.last, _kind(side, one)


def _parts(found: Found, mark: Mark) -> Iterator[Mark]:
    """Without the pauses, in which the other one may speak."""
    first, last, kind = mark
    for number in range(first + 1, last + 1):
        if found[number].start - found[number - 1].end > PAUSE:
            yield first, number - 1, kind
            first = number
    yield first, last, kind


def _span(
    found: Found, mark: Mark, speech: Sequence[Stretch], words: Sequence[Stretch], announced: Sequence[float]
) -> Span:
    """With the speech beside it in which none of the `words`, those of all hearings, was heard; from where it was
    `announced` on; and with a margin."""
    first, last, kind = mark
    start, end = found[first].start, found[last].end
    if last > first:  # a recogniser lets a stretch's first word begin too soon, and its last one end too late
        start, end = (
            max(start, found[first].end - _longest(found[first])),
            min(end, found[last].start + _longest(found[last])),
        )
    before = max((over for begun, over in words if begun < start and over < end), default=0.0)
    after = min((begun for begun, over in words if begun > start and over > end), default=float("inf"))
    for begun, over in speech:
        if begun <= start <= over:
            start = min(start, max(begun, before, start - UNHEARD))
        if begun <= end <= over:
            end = max(end, min(over, after, end + UNHEARD))
    start = min([start, *(time for time in announced if start - MISSED < time and not _between(words, time, start))])
    beside = found[first - 1] if first else None, found[last + 1] if last + 1 < len(found) else None
    earliest = max((begun for begun, over in speech if begun <= start <= over), default=0.0)
    latest = min((over for begun, over in speech if begun <= end <= over), default=end + MARGIN)
    # Outside of the stretch nothing is said in this channel, but perhaps in another one.
    start = max(start - _margin(beside[0], start - before), min(earliest, start - CLOSE))
    end = min(end + _margin(beside[1], after - end), max(latest, end + CLOSE))
    return Span(round(max(0.0, start), 3), round(end, 3), kind)


def _between(words: Sequence[Stretch], since: float, until: float) -> bool:
    return any(since - 0.05 < begun and begun < until - 0.05 for begun, _ in words)


def _longest(token: Token) -> float:
    """Seconds that a word may take."""
    return 0.6 + 0.5 * token.digits + 0.1 * len(token.text)


def _margin(beside: Token | None, gap: float) -> float:
    if beside is not None and beside.ordinary and beside.sure >= SURE:
        return min(MARGIN, max(0.0, gap) + CLOSE)
    return MARGIN
