"""E-mail and street addresses, and dates of birth."""

from collections.abc import Iterator, Sequence

from anonymizer.speech.awaited import PAUSE, PLAIN, Stretch, run
from anonymizer.speech.lexicon import Lexicon
from anonymizer.speech.tokens import Token, alike

AROUND = 5  # words before "at"
NEAR = 8  # words in which a number belongs to a street, or a date to "born"
SOON = 8.0  # seconds in which it does
SHORT = 3  # letters of "com"
BORN = range(1900, 2013)  # years that are more likely one of birth than a term


def emails(found: Sequence[Token], lexicon: Lexicon, expected: Sequence[float]) -> Iterator[Stretch]:
    """`expected`: moments after which one may come, because it was asked for or announced."""
    words = lexicon.file["email"]
    signs = [number for number in range(len(found)) if _sign(found, number, words)]
    for number in signs:
        near = [one for one in signs if 0 < abs(one - number) <= 4]
        sure = found[number].text in words["hosts"] or "@" in found[number].text
        soon = _expected(found[number], expected)
        if (sure and near) or (soon and near):
            yield _before(found, number, lexicon), max(number, *near)


def addresses(found: Sequence[Token], lexicon: Lexicon, expected: Sequence[float]) -> Iterator[Stretch]:
    words = lexicon.file["address"]
    ahead = lexicon.language in ("en", "fr")  # the number stands before the street
    for number, one in enumerate(found):
        street = one.text in words["streets"] or any(
            one.text.endswith(end) and one.text != end and len(one.text) > len(end) + 2 for end in words["endings"]
        )
        if not street:
            continue
        near = range(max(0, number - 3), number) if ahead else range(number, min(len(found), number + NEAR))
        numbered = [n for n in near if found[n].digits]
        named = ahead or _name_of_a_street(found, number, lexicon)
        if (numbered and named) or (named and not ahead and found[number + 1].capital) or _expected(one, expected):
            yield min([number, *numbered]), _end(found, max([number, *numbered]))


def births(found: Sequence[Token], lexicon: Lexicon, expected: Sequence[float]) -> Iterator[Stretch]:
    months = lexicon.file["birth"]["months"]
    for number, one in enumerate(found):
        if any(alike(one.text, month) for month in months):
            near = range(max(0, number - 2), min(len(found), number + 6))
            years = [n for n in near if found[n].text.isdigit() and int(found[n].text) in BORN]
            if years or _expected(one, expected):
                numbers = [n for n in near if any(letter.isdigit() for letter in found[n].text) or found[n].digits]
                yield min([number, *numbers]), max([number, *numbers])
        elif _numeric(one) and _expected(one, expected):
            yield number, number


def _name_of_a_street(found: Sequence[Token], street: int, lexicon: Lexicon) -> bool:
    """Whether what follows the street's kind is a name, or a number where the kind ends the name ("Hauptstraße")."""
    number = street + 1
    while number < len(found) and found[number].text in lexicon.file["names"]["join"]:
        number += 1
    return number < len(found) and (found[number].capital or not found[number].ordinary)


def _sign(found: Sequence[Token], number: int, words: dict[str, list[str]]) -> bool:
    """Of an e-mail address: "at", "dot", or what follows them."""
    text = found[number].text
    if text in words["hosts"] and len(text) <= SHORT:  # "it" may be another word
        return number > 0 and found[number - 1].text in (*words["dot"], *words["hosts"])
    return "@" in text or text in words["hosts"] or text in words["at"] or text in words["dot"]


def _before(found: Sequence[Token], sign: int, lexicon: Lexicon) -> int:
    """Where what stands before a sign of an address begins: it may have been heard as ordinary words."""
    words = lexicon.file["email"]
    stops = {word for phrase in words["ask"] for word in phrase.split()}
    first = number = sign
    while number > 0 and sign - number < AROUND and found[number].start - found[number - 1].end < PAUSE:
        number -= 1
        if found[number].text in stops:
            break
        text = found[number].text
        if not found[number].ordinary or text in words["dot"] or text in lexicon.people:
            first = number
        elif first - number >= PLAIN:
            break
    return first


def _numeric(token: Token) -> bool:
    return bool(token.digits) or any(one.isdigit() for one in token.text)


def _expected(token: Token, moments_: Sequence[float]) -> bool:
    return any(-0.2 <= token.start - moment < SOON for moment in moments_)


def _end(found: Sequence[Token], first: int) -> int:
    stretch = run(found, first)
    return stretch[1] if stretch else first
