"""Names of people: after what announces one, in answer to who asks for one, after titles, and of the lists."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from anonymizer.speech.lexicon import Lexicon
from anonymizer.speech.tokens import Token, alike, phrases_in

PAUSE = 0.9  # seconds that end what belongs together
WORDS = 4  # of a name, at most
LEAST = 1.0  # seconds after "my name is" that are a name, whatever was heard there
ANSWER = 6.0  # seconds until an answer begins
BRIEF = 2.5  # seconds of an answer that is nothing but the name

Stretch = tuple[int, int]  # the first and the last token


def announced(found: Sequence[Token], lexicon: Lexicon) -> Iterator[Stretch]:
    """After "my name is", and after a title, where a name follows."""
    for _, last, _ in phrases_in(found, lexicon.phrases("names", "say")):
        if name := _name(found, last + 1, lexicon, LEAST):
            yield name
    for _, last, _ in phrases_in(found, lexicon.phrases("names", "titles")):
        yield from _follows(found, last + 1, lexicon, _named)
    for _, last, _ in phrases_in(found, lexicon.phrases("names", "self")):
        yield from _follows(found, last + 1, lexicon, lambda one: one.name or (one.capital and not one.ordinary))


def asked(asking: Sequence[Token], answering: Sequence[Token], lexicon: Lexicon) -> Iterator[Stretch]:
    """The beginning of what `answering` says after `asking` has asked for a name."""
    for _, last, _ in phrases_in(asking, lexicon.phrases("names", "ask")):
        end = asking[last].end
        first = next((n for n, one in enumerate(answering) if one.start > end - 0.3), None)
        if first is None or answering[first].start > end + ANSWER:
            continue
        whole = first
        while whole + 1 < len(answering) and answering[whole + 1].start - answering[whole].end < PAUSE:
            whole += 1
        if answering[whole].end - answering[first].start <= BRIEF:
            yield first, whole
        else:
            begin = next((n for n in range(first, whole + 1) if _named(answering[n])), first)
            if name := _name(answering, begin, lexicon, LEAST):
                yield name


def listed(found: Sequence[Token], lexicon: Lexicon) -> Iterator[Stretch]:
    """Names that somebody has, written as one."""
    german = lexicon.language == "de"  # where every noun has a capital letter
    for number, one in enumerate(found):
        if one.name and ((one.capital and not german) or (not one.ordinary and len(one.text) > 4)):
            last = number
            while last + 1 < len(found) and last - number < 2 and _named(found[last + 1]) and not found[last].ends:
                last += 1
            yield number, last


def written(found: Sequence[Token], lexicon: Lexicon) -> Iterator[Stretch]:
    """Two words in a row that are written as names and are no ordinary ones, on a list or not. One alone may be a town
    or a firm."""
    if lexicon.language == "de":  # where every noun has a capital letter
        return
    for number, (one, other) in enumerate(pairwise(found)):
        joined = not one.ends and other.start - one.end < PAUSE
        if joined and all(each.capital and _named(each) and not each.data for each in (one, other)):
            yield number, number + 1


def again(found: Sequence[Token], names: Sequence[str]) -> Iterator[Stretch]:
    """Where words of names that are known are said."""
    for number, one in enumerate(found):
        if not one.data and len(one.text) > 3 and any(alike(one.text, name) for name in names):
            yield number, number


def _follows(found: Sequence[Token], first: int, lexicon: Lexicon, fits: Callable[[Token], bool]) -> Iterator[Stretch]:
    if first < len(found) and fits(found[first]):
        least = 0.0 if found[first].name else LEAST
        if name := _name(found, first, lexicon, least):
            yield name


def _named(token: Token) -> bool:
    return token.name or (not token.ordinary and not token.digits)


def _name(found: Sequence[Token], first: int, lexicon: Lexicon, least: float) -> Stretch | None:
    """From `first` on, as far as words of a name go, and `least` seconds at least."""
    if first >= len(found) or (first and found[first].start - found[first - 1].end > 1.5):
        return None
    join = lexicon.file["names"]["join"]
    last = first
    for number in range(first + 1, min(first + WORDS, len(found))):
        before, one = found[number - 1], found[number]
        if one.start - before.end > PAUSE:
            break
        joined = one.text in join and number + 1 < len(found) and _named(found[number + 1])
        short = one.start - found[first].start < least and not before.ends and number - first < 2
        if not (_named(one) or joined or short):
            break
        last = number
    return first, last
