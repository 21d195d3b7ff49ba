"""What is listened for in each language: the files beside this one, lists of words and of people's names.

`LANGUAGES` are those in which personal data can be found.
"""

import importlib
import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("it", "en", "de", "fr")
PLACES = ("email", "address", "birth")
USUAL = 200  # times in the word list's sources, from which a word is an ordinary one
FIRST = ("first_names", "first_names_female", "first_names_male")  # Faker's lists
COMMON = 400  # the most frequent words, which are hardly ever a name

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Lexicon:
    language: str
    hint: str  # for the recogniser
    file: dict[str, Any]
    codes: dict[Phrase, str]  # cue, and the kind of what follows
    number: re.Pattern[str]  # a part of a number in words
    known: frozenset[str]  # words, down to the rarest
    ordinary: frozenset[str]
    common: frozenset[str]
    people: frozenset[str]  # first names and surnames, folded
    first: frozenset[str]  # the former

    @property
    def fillers(self) -> list[str]:
        """Words within a code that are no part of it: "then", and the "as" of "R as in Rome"."""
        return [*self.file["fillers"]["words"], *self.file["letters"]["as"]]

    def number_parts(self, text: str) -> int:
        """Of how many parts a number in words is ("zweiunddreissig": 2); 0 when it is none."""
        parts = self.number.findall(text)
        return sum(one != self.file["numbers"]["and"] for one in parts) if "".join(parts) == text else 0

    def awaited(self, kind: str) -> list[Phrase]:
        """What announces an e-mail or street address or a date of birth."""
        return [*self.phrases(kind, "cue"), *self.phrases(kind, "ask")]

    @property
    def kinds(self) -> dict[Phrase, str]:
        """What announces anything but a name, and the kind of what follows it."""
        places = {phrase: kind for kind in PLACES for phrase in self.awaited(kind)}
        return {**places, **{phrase: kind for phrase, kind in self.codes.items() if kind != "code"}}

    def phrases(self, part: str, key: str) -> list[Phrase]:
        return _phrases(tuple(self.file[part][key]))


@cache
def listed(language: str) -> dict[str, Any]:
    """The file of a language, without the thousands of words and names that go with it."""
    return tomllib.loads((files(__name__) / f"{language}.toml").read_text("utf-8"))


@cache
def lexicon(language: str) -> Lexicon:
    """Raises KeyError for a language that is not one of LANGUAGES."""
    if language not in LANGUAGES:
        raise KeyError(language)
    file = listed(language)
    parts = sorted(file["numbers"]["parts"], key=len, reverse=True)
    return Lexicon(
        language,
        file["hint"],
        file,
        {tuple(phrase.split()): kind for kind, phrases in file["codes"].items() for phrase in phrases},
        re.compile("|".join(parts)),
        *_words(
            language, {word for phrases in file["names"].values() for phrase in phrases for word in phrase.split()}
        ),
        _people(file["people"], (*FIRST, "last_names")),
        _people(file["people"], FIRST),
    )


def folded(text: str) -> str:
    """Lower case, without accents."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    return "".join(one for one in plain if not unicodedata.combining(one))


@cache
def _phrases(phrases: tuple[str, ...]) -> list[Phrase]:
    return sorted((tuple(phrase.split()) for phrase in phrases), key=len, reverse=True)


def _words(language: str, cues: set[str]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """All, the ordinary ones, and the most frequent ones. Words of `cues` are ordinary, if no list has them."""
    from spellchecker import SpellChecker

    counts = SpellChecker(language=language, distance=1).word_frequency.dictionary
    frequent = sorted(counts, key=lambda word: -counts[word])[:COMMON]
    usual = frozenset(word for word, count in counts.items() if count >= USUAL) | cues
    return frozenset(counts) | cues, usual, frozenset(frequent)


def _people(locales: Sequence[str], lists: Sequence[str]) -> frozenset[str]:
    names: set[str] = set()
    for one in {*locales, "it_IT"}:  # most people who call an Italian office have an Italian name, whatever they speak
        provider = importlib.import_module(f"faker.providers.person.{one}").Provider
        for key in lists:
            names |= {folded(part) for name in getattr(provider, key) for part in re.findall(r"\w+", name)}
    return frozenset(name for name in names if len(name) > 2)
