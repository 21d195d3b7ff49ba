"""What is written of people beside a conversation, as in its ticket: given as hints, it is found when it is said."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain, product

from anonymizer.speech import people
from anonymizer.speech.codes import clusters
from anonymizer.speech.lexicon import LANGUAGES, Lexicon, folded, lexicon, listed
from anonymizer.speech.tokens import tokens
from anonymizer.speech.words import Word

SECOND = 0.5  # a word, so that what is written stands as close as what is said in one go
SPLIT = re.compile(r"[^\W\d_]+")


def hints_of(fields: Mapping[str, str], text: str, language: str | None) -> list[str]:
    """Names, numbers, codes and e-mail addresses of a ticket's `fields` (name → value) and of a `text`, by the rules
    for what is said. The value of a field that is called a name is one. `language` None: any of LANGUAGES."""
    spoken = [lexicon(one) for one in ([language] if language else LANGUAGES)]
    found = [value for name, value in fields.items() if _is_name(name)]
    for part, words in product((*fields.values(), text), spoken):
        found += _told(part, words)
    return list(dict.fromkeys(found))


def _is_name(field: str) -> bool:
    """Whatever the call's language, fields are called as the flow's designer likes."""
    ends = {word for language in LANGUAGES for word in listed(language)["names"]["ends"]}
    return any(word in ends for word in SPLIT.findall(folded(field)))


def _told(text: str, words: Lexicon) -> Iterator[str]:
    found = tokens([Word(n * SECOND, (n + 1) * SECOND, one) for n, one in enumerate(text.split())], words)
    for one in clusters(found, 0, words.fillers):
        if one.certain:
            yield " ".join(part.text for part in found[one.first : one.last + 1])
    titles = {*words.file["names"]["titles"], *words.file["names"]["short"]}
    rules = (people.announced, people.listed, people.written)
    for first, last in chain(*(rule(found, words) for rule in rules)):
        while first > 0 and found[first - 1].capital and not found[first - 1].ends:  # "Anna" is on no list
            first -= 1
        held = [one for one in found[first : last + 1] if one.text not in titles]
        yield " ".join(one.text for one in held if one.name or one.capital or not one.ordinary)
    yield from (one for one in text.split() if "@" in one)
