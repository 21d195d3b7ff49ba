"""The words that were heard, each with what it may be: digits, letters, a name, or an ordinary word."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import Indel

from anonymizer.speech.lexicon import Lexicon, Phrase, folded
from anonymizer.speech.words import Word

ALIKE = 0.85  # of the letters of two words or phrases, in their order, for one to count as the other
SHORT, LONG = 5, 8  # letters from which a word need not be heard exactly, and a phrase be as many words
LONGEST = 5  # letters of what is left out before an apostrophe ("quest'")
MOST = 3  # digits that a number in words counts for
FAINT = 0.25  # how sure a recogniser is of what it has not heard, but was given as a hint
CERTAIN = 0.6  # how sure a recogniser is of ordinary words that are what they seem
TOGETHER = 2  # letters that one word of capitals counts for, at most: it may be garbled speech
STOPS = (".", "?", "!", ":", "…")
HALVES = ("15", "30", "45")  # minutes, after "eight and"
PIECES = re.compile(r"[\w@€%]+")
ORDINAL = re.compile(r"\d+(?:st|nd|rd|th|er|e|o|a)")


@dataclass(frozen=True)
class Token:
    start: float
    end: float
    text: str  # folded
    sure: float
    digits: int = 0  # that are said: 3 in 340
    letters: int = 0  # that are said one by one: 3 in RSS
    ordinary: bool = False
    known: bool = False  # a word of the language, if a rare one
    common: bool = False  # one of the most frequent words
    weak: bool = False  # an ordinary word that may be a digit or a letter as well
    unit: bool = False  # a weak one that may be a digit
    name: bool = False  # somebody has it
    first: bool = False  # as a first name
    capital: bool = False  # begins with a capital letter that no sentence's beginning explains
    ends: bool = False  # a sentence, or a part of one
    stops: bool = False  # ends a sentence
    asks: bool = False  # which is a question

    @property
    def data(self) -> bool:
        return bool(self.digits or self.letters)


def tokens(words: Sequence[Word], lexicon: Lexicon) -> list[Token]:
    found: list[Token] = []
    short = lexicon.file["names"]["short"]
    stops = [word.text.endswith(STOPS) and folded(word.text.rstrip(".")) not in short for word in words]  # "Mr."
    for number, word in enumerate(words):
        stop = number == 0 or stops[number - 1]
        elided = number + 1 < len(words) and words[number + 1].text.startswith(("'", "’"))
        pieces = list(PIECES.finditer(word.text))
        if not pieces and found:
            found[-1] = replace(found[-1], ends=True)
        for piece in pieces:
            share = (word.end - word.start) / len(word.text)
            token = Token(
                word.start + piece.start() * share,
                word.start + piece.end() * share,
                folded(piece.group()),
                word.sure,
                capital=piece.group()[:1].isupper()
                and len(piece.group()) > 1
                and number > 0
                and (piece.start() > 0 or not stop),
                ends=piece is pieces[-1] and word.text[-1] in ".,;:?!",
                stops=piece is pieces[-1] and stops[number],
                asks=piece is pieces[-1] and word.text[-1] == "?",
            )
            text = piece.group()
            name = found[-1].text + token.text if word.text[0] in "'’" and found else ""
            if name in lexicon.people and token.text not in lexicon.known:  # "L'oredana"
                token = replace(token, text=found[-1].text + token.text, start=found.pop().start)
                text = token.text.capitalize()
            around = word.text[max(0, piece.start() - 1) : piece.start()] + word.text[piece.end() : piece.end() + 1]
            before_elision = elided or "'" in around or "’" in around
            found.append(_told(token, text, before_elision, lexicon))
    return _amounts(_spelled(found, lexicon), lexicon)


def _told(token: Token, text: str, elided: bool, lexicon: Lexicon) -> Token:
    """The token with what can be told from itself alone."""
    numbers, alphabet = lexicon.file["numbers"], lexicon.file["letters"]
    figures, others = sum(one.isdigit() for one in text), sum(one.isalpha() for one in text)
    if figures:
        return replace(token, digits=figures, letters=0 if ORDINAL.fullmatch(token.text) else others)
    if token.text in numbers["ordinary"] or token.text in alphabet["ordinary"]:
        unit = token.text in numbers["ordinary"]
        return replace(token, ordinary=True, known=True, common=True, weak=not elided, unit=unit and not elided)
    if token.text in numbers["repeats"]:
        return replace(token, digits=1)
    if parts := lexicon.number_parts(token.text):
        return replace(token, digits=min(parts, MOST))
    if not elided and (token.text in alphabet["names"] or (len(text) == 1 and others)):
        return replace(token, letters=1)
    if token.text in lexicon.people or (len(text) > LONGEST and text.lower() not in lexicon.known):
        elided = False  # "Mary's"
    usual = text.lower() in lexicon.ordinary or token.text in alphabet["acronyms"] or elided
    if len(text) > 1 and text.isupper() and not usual:
        return replace(token, letters=min(len(text), TOGETHER))
    return replace(
        token,
        ordinary=usual,
        known=usual or text.lower() in lexicon.known,
        common=elided or text.lower() in lexicon.common,
        name=text[0].isupper() and token.text in lexicon.people,
        first=text[0].isupper() and token.text in lexicon.first,
    )


def _spelled(found: list[Token], lexicon: Lexicon) -> list[Token]:
    """Words of the spelling alphabet count as letters beside others of it, or after "as in"."""
    alphabet = lexicon.file["letters"]

    def beside(number: int) -> bool:
        near = found[max(0, number - 3) : number] + found[number + 1 : number + 4]
        return (number > 0 and found[number - 1].text in alphabet["as"]) or any(
            one.letters or one.text in alphabet["spelling"] for one in near
        )

    return [
        replace(one, letters=1, ordinary=False) if one.text in alphabet["spelling"] and beside(number) else one
        for number, one in enumerate(found)
    ]


def _amounts(found: list[Token], lexicon: Lexicon) -> list[Token]:
    """Amounts, times and years after a month are no part of a code."""
    measures = {*lexicon.file["numbers"]["measures"], "€", "%"}
    months = lexicon.file["birth"]["months"]
    told = []
    for number, one in enumerate(found):
        after, later = (found[number + n].text if number + n < len(found) else "" for n in (1, 2))
        before = found[number - 1].text if number else ""
        hour = len(one.text) <= 2 and after == lexicon.file["numbers"]["and"] and later in HALVES
        if one.digits and not one.letters and (hour or after in measures or after in months or before in months):
            one = replace(one, digits=0, ordinary=True)
        told.append(one)
    return told


def phrases_in(found: Sequence[Token], phrases: Iterable[Phrase]) -> list[tuple[int, int, Phrase]]:
    """(first, last, phrase) of each that is said; the longest first, at each place one."""
    hits: list[tuple[int, int, Phrase]] = []
    listed = sorted(phrases, key=len, reverse=True)
    number = 0
    while number < len(found):
        hit = next(((last, one) for one in listed if (last := _phrase_at(found, number, one)) is not None), None)
        if hit is None:
            number += 1
        else:
            hits.append((number, *hit))
            number = hit[0] + 1
    return hits


def _phrase_at(found: Sequence[Token], first: int, phrase: Phrase) -> int | None:
    """The last token of `phrase`, if it is said from `first` on: by a word more or less, a little otherwise or not."""
    wanted = "".join(phrase)
    sizes = (len(phrase), len(phrase) + 1, len(phrase) - 1) if len(wanted) >= LONG else (len(phrase),)
    for size in sizes:
        heard = found[first : first + size]
        joined = "".join(one.text for one in heard)
        if not len(heard) == size > 0 or sum(one.sure for one in heard) < FAINT * size:
            continue
        if joined != wanted and all(one.ordinary and one.sure >= CERTAIN for one in heard):
            continue  # "j'appelle" is no "je m'appelle" that was heard badly
        ends_alike = joined[0] == wanted[0] and joined[-1] == wanted[-1]
        if (size == len(phrase) or ends_alike) and alike(joined, wanted):
            return first + size - 1
    return None


def alike(heard: str, word: str) -> bool:
    if heard == word or len(word) < SHORT:
        return heard == word
    return Indel.normalized_similarity(heard, word, score_cutoff=ALIKE) > 0
