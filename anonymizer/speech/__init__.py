"""What is said in a conversation and tells who somebody is: found, so that it can be covered.

spans = Speech(Whisper(), language="it", hints=["Maria Rossi", "+39 340 1234567"]).listen(source).spans
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from anonymizer.sound import Source
from anonymizer.spans import Span
from anonymizer.speech.find import find
from anonymizer.speech.hearing import believed, hear, language_of, with_names
from anonymizer.speech.lexicon import LANGUAGES, lexicon
from anonymizer.speech.whisper import Whisper
from anonymizer.speech.words import Heard, NotRecognised, Recogniser, Word, redacted

__all__ = ["LANGUAGES", "Heard", "NotRecognised", "Recogniser", "Speech", "Understood", "Whisper", "Word", "redacted"]


@dataclass(frozen=True)
class Understood:
    """`language` is None when nobody speaks. By channel: `sure`, the mean probability of its words, None without any;
    `transcript`, the words without what is covered; and `speech`, (start, end) of each stretch in which somebody
    speaks."""

    language: str | None
    spans: list[Span] = field(default_factory=list)
    sure: list[float | None] = field(default_factory=list)
    transcript: list[list[Word]] = field(default_factory=list)
    speech: list[list[tuple[float, float]]] = field(default_factory=list)


class Speech:
    """How personal data is looked for. `language`: one of LANGUAGES, or None to find out which; `hints`: what is known
    already, such as names and numbers of the caller. `cover` False: what is said is recognised, and no more."""

    def __init__(
        self, recogniser: Recogniser, language: str | None = None, hints: Sequence[str] = (), cover: bool = True
    ) -> None:
        if language is not None and language not in LANGUAGES:
            raise NotRecognised(f"personal data is not found in '{language}', only in {', '.join(LANGUAGES)}")
        self._recogniser, self._language, self._hints, self.cover = recogniser, language, hints, cover

    def listen(self, source: Source) -> Understood:
        """Raises SoundError, NotRecognised. Everything is heard twice: with a hint of the words that matter, and of the
        names that are known, a recogniser finds more of these; without, it invents fewer."""
        language = self._language or language_of(source, self._recogniser, LANGUAGES)
        if language is None:
            return Understood(None)
        words, spans = lexicon(language), []
        hint = with_names(words.hint, self._hints)
        *hinted, plain = hear(source, self._recogniser, language, (hint, None) if self.cover else (None,))
        if self.cover:
            spans = find([[believed(heard, hint) for heard in hinted[0]], plain], words, self._hints)
        sure = [sum(one.sure for one in heard.words) / len(heard.words) if heard.words else None for heard in plain]
        return Understood(
            language,
            spans,
            [one if one is None else round(one, 2) for one in sure],
            [redacted(heard.words, spans) for heard in plain],
            [heard.speech for heard in plain],
        )
