"""What follows at once where something is asked for or announced, whatever was heard there."""

from collections.abc import Iterator, Sequence

from anonymizer.speech.lexicon import Lexicon
from anonymizer.speech.tokens import Token, phrases_in

BRIEF = 0.5  # seconds of "is": a recogniser lets it go on until what it understands
PAUSE = 1.2  # seconds that end what belongs together
ANSWER = 6.0  # seconds until an answer begins
VERBS = 2  # words between what is asked for and the question's end: "Ihre Nummer geben?"
BEFORE = 3  # ordinary words before it: "yes, of course", "one moment"
PLAIN = 3  # ordinary words in a row, surely heard, that end it
LONGEST = 40  # words
SURE = 0.5
MUMBLED = 0.45  # mean probability of what is not understood
COMPLETE = 6  # digits and letters
LEAST = 2  # digits, letters and words that are no ordinary ones

Stretch = tuple[int, int]  # the first and the last token


def moments(found: Sequence[Token], lexicon: Lexicon) -> Iterator[tuple[float, str]]:
    """(seconds, kind) of each moment after which that will be said: it was announced by what ends what is said, or
    comes before "is"."""
    for _, last, phrase in phrases_in(found, lexicon.kinds):
        after = found[last + 1] if last + 1 < len(found) else None
        question = next((one for one in found[last + 1 : last + 1 + VERBS] if one.asks), None)
        if after and after.text in lexicon.file["is"] and not found[last].stops:
            yield min(after.end, after.start + BRIEF), lexicon.kinds[phrase]
        elif question:
            yield question.end, lexicon.kinds[phrase]
        elif after is None or found[last].stops or after.start - found[last].end > PAUSE:
            yield found[last].end, lexicon.kinds[phrase]


def following(found: Sequence[Token], end: float) -> int | None:
    """The first token after `end`, if it comes at once."""
    first = next((number for number, one in enumerate(found) if one.start > end - 0.1), None)
    return None if first is None or found[first].start > end + PAUSE else first


def answer(found: Sequence[Token], end: float) -> int | None:
    """The first token that is said after `end`."""
    first = next((number for number, one in enumerate(found) if one.start > end - 0.3), None)
    return None if first is None or found[first].start > end + ANSWER else first


def run(found: Sequence[Token], first: int, digits: bool = False) -> Stretch | None:
    """From `first` on, until ordinary words or a pause say that it is over; without those at its beginning. `digits`:
    of what is well recognised, so that ordinary words are what they seem."""
    begun: int | None = None
    last, plain, said = first, 0, 0
    for number in range(first, min(len(found), first + LONGEST)):
        one = found[number]
        if number > first and one.start - found[number - 1].end > PAUSE:
            break
        said += one.digits + one.letters
        # A code was heard: what is heard badly after it is hardly more of it.
        certain = digits or one.sure >= SURE or said >= COMPLETE
        usual = one.ordinary and not one.data and not one.capital and certain
        plain = plain + 1 if usual else 0
        if plain >= (PLAIN if begun is not None else BEFORE + 1):
            break
        if not plain:
            begun = number if begun is None else begun
            last = number
    return None if begun is None else (begun, last)


def telling(found: Sequence[Token], stretch: Stretch, digits: bool) -> bool:
    """Whether there is anything in it but ordinary talk that was well heard; `digits`: nothing but digits and letters
    counts."""
    held = found[stretch[0] : stretch[1] + 1]
    data = sum(one.digits + one.letters for one in held)
    strange = sum(not one.ordinary and not one.data for one in held)
    unsure = sum(one.sure for one in held) < MUMBLED * len(held)
    return data >= LEAST or (not digits and (data + strange >= LEAST or unsure))
