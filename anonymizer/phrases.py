"""What is to be spoken anew, and when: the words of one channel in phrases, as their pauses divide them. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from anonymizer.spans import Span, merged
from anonymizer.speech import Word

PAUSE = 0.35  # seconds between two phrases
SENTENCE = 1.2  # seconds from which the end of a sentence, or of its part, ends a phrase
LONGEST, LETTERS = 8.0, 200  # seconds and letters of a phrase
WORD = 30  # letters of a word that is one
APART = 0.05  # seconds that stay free before what comes next
UNSURE = 0.3  # mean probability of a phrase that was hardly understood
NEAR = 0.5  # seconds around a word that count as its speech: a stretch begins before the first, and ends after the last
LEAST = 0.6  # seconds of speech without a word that are marked

Stretch = tuple[float, float]  # seconds


@dataclass(frozen=True)
class Phrase:
    """Said from `start` to `end`; it may be spoken until `until`. `text` is empty for what was not understood."""

    start: float
    end: float
    until: float
    text: str = ""


def phrases(words: Sequence[Word], speech: Sequence[Stretch], spans: Sequence[Span], seconds: float) -> list[Phrase]:
    """All in order, none into the next, of a recording that lasts so many seconds. What lies in `spans` is covered, and
    no part of any."""
    groups = _grouped(words, spans)
    clear = [one for one in groups if sum(word.sure for word in one) >= UNSURE * len(one)]
    told = [(one[0].start, one[-1].end, text) for one in clear if (text := readable(one))]
    known = [*((start - NEAR, end + NEAR) for start, end, _ in told), *((span.start, span.end) for span in spans)]
    unclear = [(start, end, "") for start, end in _left(speech, known) if end - start >= LEAST]
    every = sorted([*told, *unclear])
    bounds = [*sorted([start for start, _, _ in every] + [span.start for span in spans]), seconds]
    found, at = [], 0
    for start, end, text in every:
        while bounds[at] <= start and at + 1 < len(bounds):
            at += 1
        found.append(Phrase(start, max(start, min(end, bounds[at])), max(start, bounds[at] - APART), text))
    return found


def readable(words: Sequence[Word]) -> str:
    """Without signs that a voice would read out, or take for orders."""
    text = " ".join(re.sub(r"[^\w'’.,;:?!]|_", " ", word.text) for word in words)
    return " ".join(one[:WORD] for one in text.split() if re.search(r"\w", one))


def _grouped(words: Sequence[Word], spans: Sequence[Span]) -> list[list[Word]]:
    """Without what is covered, and what stands for it in a transcript that is redacted."""
    groups: list[list[Word]] = []
    covered, at, open_ = merged(Span(span.start, span.end, "") for span in spans), 0, False
    for word in words:
        while at < len(covered) and covered[at].end <= word.start:
            at, open_ = at + 1, False
        if word.text.startswith("[") or (at < len(covered) and covered[at].start < word.end):
            open_ = False
        elif open_ and not _ended(groups[-1], word):
            groups[-1].append(word)
        else:
            groups.append([word])
            open_ = True
    return groups


def _ended(group: Sequence[Word], word: Word) -> bool:
    lasted = group[-1].end - group[0].start
    return (
        word.start - group[-1].end > PAUSE
        or (lasted > SENTENCE and group[-1].text.endswith((".", "?", "!", ",", ";", ":")))
        or word.end - group[0].start > LONGEST
        or sum(len(one.text) + 1 for one in group) > LETTERS
    )


def _left(speech: Sequence[Stretch], known: Sequence[Stretch]) -> list[Stretch]:
    """What of `speech` is in none of the `known`."""
    left: list[Stretch] = []
    taken = sorted(known)
    for start, end in speech:
        for begun, over in taken:
            if over <= start:
                continue
            if begun >= end:
                break
            if begun > start:
                left.append((start, begun))
            start = max(start, over)
        if start < end:
            left.append((start, end))
    return left
