"""Names of people: after what announces one, in answer to who asks for one, after titles, and of the lists."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from rapidfuzz.distance import Indel

from anonymizer.speech.lexicon import Lexicon
from anonymizer.speech.tokens import Token, alike, phrases_in

PAUSE = 0.9  # seconds that end what belongs together
WORDS = 4  # of a name, at most
LEAST = 1.0  # seconds after "my name is" that are a name, whatever was heard there
ANSWER = 6.0  # seconds until an answer begins
BRIEF = 2.5  # seconds of an answer that is nothing but the name
SURELY = 0.85  # how sure a recogniser is of a word that is what it seems
HARDLY = 0.3  # and of a title that hardly was one
UNSURE = 0.4  # and of a word that was hardly understood
GREETING = 1  # words before "this is"
LONG, RESEMBLING = 5, 0.75  # letters of a name that is known, and how many of them what was heard has in their order
OPENING = 2  # words

Stretch = tuple[int, int]  # the first and the last token


def announced(found: Sequence[Token], lexicon: Lexicon, again: Sequence[Sequence[Token]] = ()) -> Iterator[Stretch]:
    """After "my name is"; after a title, unless it is no name for certain; and after "this is", if it may be one, or
    that opens what is said and what follows was hardly understood. `again`: other hearings of the same sound, which may
    have what announces it where this one does not."""
    titles = lexicon.phrases("names", "titles") + lexicon.phrases("names", "short")
    for heard in (found, *again):
        for _, last, _ in phrases_in(heard, lexicon.phrases("names", "say")):
            if name := _name(found, _after(found, heard, last), lexicon, LEAST):
                yield name
        for _, last, _ in phrases_in(heard, titles):
            if heard[last].sure >= HARDLY:
                yield from _follows(found, _after(found, heard, last), lexicon, _titled)
        for first, last, phrase in phrases_in(heard, lexicon.phrases("names", "self")):
            said = heard[last].sure >= UNSURE and phrase not in lexicon.phrases("names", "vague")
            fits = _mumbled if said and _opens(heard, first) else _likely
            yield from _follows(found, _after(found, heard, last), lexicon, fits)


def asked(asking: Sequence[Token], answering: Sequence[Token], lexicon: Lexicon) -> Iterator[Stretch]:
    """The beginning of what `answering` says after `asking` has asked for a name."""
    for last in _questions(asking, lexicon):
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
            begin = next(
                (n for fits in (_likely, _named) for n in range(first, whole + 1) if fits(answering[n])), first
            )
            if name := _name(answering, begin, lexicon, LEAST):
                yield name


def _questions(found: Sequence[Token], lexicon: Lexicon) -> Iterator[int]:
    """Where each ends that asks for a name, or ends with one word that may do so."""
    for _, last, _ in phrases_in(found, lexicon.phrases("names", "ask")):
        yield last
    for number, one in enumerate(found):
        over = number + 1 == len(found) or one.stops or found[number + 1].start - one.end > PAUSE
        if over and one.text in lexicon.file["names"]["ends"]:
            yield number


def listed(found: Sequence[Token], lexicon: Lexicon) -> Iterator[Stretch]:
    """Names that somebody has, written as one; at a sentence's beginning first names only."""
    german = lexicon.language == "de"  # where every noun has a capital letter
    for number, one in enumerate(found):
        written = one.capital or (one.first and not one.common)
        if one.name and ((written and not german) or (not one.ordinary and len(one.text) > 4)):
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


def strange(found: Sequence[Token], lexicon: Lexicon) -> Iterator[Stretch]:
    """Two in a row that are no words of the language and are all that is said: a name that was heard badly, more often
    than anything else."""
    begun = 0
    for number, (one, other) in enumerate(pairwise(found)):
        if number and (one.start - found[number - 1].end > PAUSE or found[number - 1].stops):
            begun = number
        joined = not one.stops and other.start - one.end < PAUSE
        after = found[number + 2] if number + 2 < len(found) else None
        ended = other.ends or after is None or after.start - other.end > PAUSE
        if joined and ended and number - begun < OPENING and _strange(one) and _strange(other):
            yield number, number + 1


def again(found: Sequence[Token], names: Sequence[str]) -> Iterator[Stretch]:
    """Where words of names that were said are said again."""
    for number, one in enumerate(found):
        if not one.data and len(one.text) > 3 and any(alike(one.text, name) for name in names):
            yield number, number


def given(found: Sequence[Token], names: Sequence[str]) -> Iterator[Stretch]:
    """Where words of names that we know already may be said: one or two words that were not surely heard need only be
    like one ("lo reddano" is Loredana)."""
    for number in range(len(found)):
        for held in (found[number : number + 1], found[number : number + 2]):
            sound = "".join(part.text for part in held)
            if _doubtful(held) and any(_resembles(sound, name) for name in names):
                yield number, number + len(held) - 1


def _after(found: Sequence[Token], heard: Sequence[Token], last: int) -> int:
    """The first of `found` after a word that the same, or another hearing, has."""
    if heard is found:
        return last + 1
    end = heard[last].end
    return next((number for number, one in enumerate(found) if (one.start + one.end) / 2 > end), len(found))


def _opens(found: Sequence[Token], first: int) -> bool:
    """Whether at most a greeting was said before, in one go."""
    near = range(max(1, first - GREETING), first + 1)
    return first <= GREETING or any(
        found[number - 1].stops or found[number].start - found[number - 1].end >= PAUSE for number in near
    )


def _doubtful(held: Sequence[Token]) -> bool:
    surely = any(one.data or (one.ordinary and one.sure >= SURELY) for one in held)
    return not surely and not all(one.common for one in held)


def _resembles(sound: str, name: str) -> bool:
    return len(name) >= LONG and Indel.normalized_similarity(sound, name, score_cutoff=RESEMBLING) > 0


def _follows(found: Sequence[Token], first: int, lexicon: Lexicon, fits: Callable[[Token], bool]) -> Iterator[Stretch]:
    if first < len(found) and fits(found[first]):
        least = 0.0 if found[first].name else LEAST
        if name := _name(found, first, lexicon, least):
            yield name


def _strange(token: Token) -> bool:
    return not token.ordinary and not token.known and not token.data and len(token.text) > 2


def _likely(token: Token) -> bool:
    return token.name or _strange(token)


def _mumbled(token: Token) -> bool:
    return _likely(token) or (token.sure < UNSURE and not token.data)


def _titled(token: Token) -> bool:
    return _named(token) or token.capital or (not token.common and token.sure < SURELY)


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
