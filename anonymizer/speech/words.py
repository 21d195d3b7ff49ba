"""What a recogniser hears: words with their times, and where anybody speaks at all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from anonymizer.check import NotAnonymised
from anonymizer.sound import Samples
from anonymizer.spans import Span

RATE = 16000  # samples a second, as recognisers take them


@dataclass(frozen=True)
class Word:
    """Seconds from the beginning of the conversation. `sure`, 0 to 1, is how sure the recogniser is of it."""

    start: float
    end: float
    text: str
    sure: float = 1.0


@dataclass(frozen=True)
class Heard:
    """One channel: its words in order, and (start, end) of each stretch in which somebody speaks."""

    words: list[Word]
    speech: list[tuple[float, float]]


class NotRecognised(NotAnonymised):
    """What is said could not be recognised; the message says why and what to do."""


class Recogniser(Protocol):
    """Takes mono sound of RATE, of 30 seconds at most. Everything raises NotRecognised."""

    def speech(self, sound: Samples) -> list[tuple[int, int]]:
        """(first, end) in samples of each stretch in which somebody speaks. The sound may be longer than 30 s."""
        ...

    def language(self, sound: Samples) -> dict[str, float]:
        """The probability of each language, by its code of two letters."""
        ...

    def words(self, sound: Samples, language: str, hint: str | None) -> list[Word]:
        """Times count from the beginning of `sound`. `hint` is text in the style and with the words to expect."""
        ...


def redacted(words: Sequence[Word], spans: Sequence[Span]) -> list[Word]:
    """A transcript in which `[kind]` stands for what is covered."""
    done: list[Word] = []
    for word in words:
        span = next((one for one in spans if word.start < one.end and word.end > one.start), None)
        if span is None:
            done.append(word)
        elif done and done[-1].text == f"[{span.kind}]" and done[-1].end >= span.start:
            done[-1] = replace(done[-1], end=word.end)
        else:
            done.append(Word(word.start, word.end, f"[{span.kind}]", word.sure))
    return done
