"""The words of a whole conversation, channel by channel, in constant memory.

Silence is left out first, but for short pauses: a recogniser that gets speech without any takes two sentences for one,
and loses a first word whose beginning was left out. What remains is put together to stretches of up to 28 s, which is
what the recogniser takes at a time; each word then gets the time at which it was said.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import soxr

from anonymizer.pieces import cut
from anonymizer.sound import Samples, Source
from anonymizer.speech.words import RATE, Heard, NotRecognised, Recogniser, Word

LONGEST = 28.0  # seconds of speech recognised at a time
AROUND = 0.35  # seconds of silence on either side of speech that are recognised with it
ENOUGH = 5.0  # seconds of speech, to be certain of a language
SAMPLE = 24.0  # seconds of speech that are looked at for it
EARLY = 300.0  # seconds from the beginning in which they are looked for
CERTAIN = 0.5  # mean probability of a language that is none of ours, from which we do not go on
CREDIBLE, BESIDE = 0.15, 2  # mean probability of a word and so many on either side
NAMES = 12  # words of names in a hint, at most
NO_NAME = re.compile(r"[\d@]")
ECHO = ((3, 0.2), (5, 0.4))  # words of a hint in a row, and the mean probability below which they are its echo
HEARD = 0.3  # probability from which what follows is none
ENDLESS = 4.0  # seconds of a word that is none
MUTE = 30.0  # seconds of speech without a word: something is wrong

Hint = str | None


def hear(source: Source, recogniser: Recogniser, language: str, hints: Sequence[Hint]) -> list[list[Heard]]:
    """What is heard with each of the hints: the channels. Raises SoundError, NotRecognised."""

    def recognise(sound: Samples) -> list[list[Word]]:
        return [recogniser.words(sound, language, hint) for hint in hints]

    ears = [Ear(recognise, len(hints)) for _ in range(source.channels)]
    for since, channels in _pieces(source):
        for ear, sound in zip(ears, channels, strict=True):
            speech = recogniser.speech(sound)
            ear.speech += [(since + first / RATE, since + end / RATE) for first, end in speech]
            for first, end in _widened(speech, len(sound)):
                ear.take(sound[first:end], since + first / RATE)
    for number, ear in enumerate(ears, 1):
        ear.flush()
        if sum(end - start for start, end in ear.speech) > MUTE and not any(ear.words):
            raise NotRecognised(f"somebody speaks in channel {number}, but no word was recognised")
    return [[Heard(ear.words[number], ear.speech) for ear in ears] for number in range(len(hints))]


def language_of(source: Source, recogniser: Recogniser, known: Sequence[str]) -> str | None:
    """Which of the `known` languages is spoken; None: nobody speaks. Raises SoundError, NotRecognised."""
    found: list[list[Samples]] = [[] for _ in range(source.channels)]
    for since, channels in _pieces(source):
        for held, sound in zip(found, channels, strict=True):
            held += [sound[first:end] for first, end in recogniser.speech(sound)]
        if since > EARLY or all(sum(map(len, held)) > SAMPLE * RATE for held in found):
            break
    sounds = [np.concatenate(held)[: round(SAMPLE * RATE)] for held in found if held]
    if not sounds:
        return None
    chances = [recogniser.language(sound) for sound in sounds]
    mean = {code: sum(one[code] for one in chances) / len(chances) for code in chances[0]}
    likely = max(mean, key=lambda code: mean[code])
    if likely not in known and mean[likely] >= CERTAIN and max(map(len, sounds)) > ENOUGH * RATE:
        raise NotRecognised(
            f"the language seems to be '{likely}'; personal data is found in {', '.join(known)} only: "
            "name one of these if that is wrong"
        )
    return max(known, key=lambda code: mean.get(code, 0.0))


def with_names(hint: str, known: Sequence[str]) -> str:
    """A hint that has the names of what is `known`, too: as many words as leave room for what is said, and before the
    hint, or fewer digits are heard."""
    names, room = [], NAMES
    for text in known:
        words = len(text.split())
        if not NO_NAME.search(text) and words <= room:
            names.append(text)
            room -= words
    return f"{', '.join(names)}. {hint}" if names else hint


def believed(heard: Heard, hint: str) -> Heard:
    """What was heard with a hint, without what the hint alone has made a recogniser hear: it is not sure of that,
    or lets a word last as long as a sentence."""
    words = [word for word in _without_echo(heard.words, hint) if word.end - word.start < ENDLESS]
    sure = [word.sure for word in words]
    near = [sure[max(0, at - BESIDE) : at + BESIDE + 1] for at in range(len(sure))]
    return Heard(
        [word for word, some in zip(words, near, strict=True) if sum(some) >= CREDIBLE * len(some)], heard.speech
    )


def _without_echo(words: Sequence[Word], hint: str) -> list[Word]:
    """Without ECHO words or more that repeat the hint and were not heard, and what goes on like them."""
    text = [_plain(word) for word in hint.split()]
    kept: list[Word] = []
    echo, until = False, 0
    for at, word in enumerate(words):
        runs = [at + size for size, faint in ECHO if _echoes(words[at : at + size], size, text, faint)]
        until = max([until, *runs])
        if at < until:
            echo = True
        elif all(one.sure >= HEARD for one in words[at : at + 2]):
            echo = False
        if not echo:
            kept.append(word)
    return kept


def _echoes(words: Sequence[Word], size: int, hint: list[str], faint: float) -> bool:
    said = [_plain(one.text) for one in words]
    if len(said) < size or sum(one.sure for one in words) >= faint * size or min(map(len, said)) < 2:
        return False  # letters that are heard so are letters, if others
    return any(said == hint[at : at + size] for at in range(len(hint) - size + 1))


def _plain(word: str) -> str:
    return re.sub(r"\W", "", word).lower()


class Ear:
    """Collects one channel's speech, and has it recognised when enough is there, `times` times by each `recognise`."""

    def __init__(self, recognise: Callable[[Samples], list[list[Word]]], times: int) -> None:
        self._recognise = recognise
        self._parts: list[tuple[float, Samples]] = []  # when each began, and its sound
        self.speech: list[tuple[float, float]] = []
        self.words: list[list[Word]] = [[] for _ in range(times)]

    def take(self, sound: Samples, start: float) -> None:
        """Sound that begins at `start` seconds; `speech` has what is said in it already."""
        if sum(len(part) for _, part in self._parts) + len(sound) > LONGEST * RATE:
            self.flush()
        self._parts.append((start, sound))

    def flush(self) -> None:
        if not self._parts:
            return
        parts, self._parts = self._parts, []
        begins = [float(one) for one in np.cumsum([0, *(len(part) for _, part in parts)]) / RATE]
        answers = self._recognise(np.concatenate([part for _, part in parts]))
        speech = [one for one in self.speech if one[1] > parts[0][0]]
        for words, heard in zip(self.words, answers, strict=True):
            placed = [_placed(word, begins, [start for start, _ in parts]) for word in heard]
            words += [_within(word, speech) for word in placed]


def _placed(word: Word, begins: Sequence[float], starts: Sequence[float]) -> Word:
    """The word of a stretch whose parts begin at `begins`, at the time of its part; the last of `begins` is the end."""
    middle = (word.start + word.end) / 2
    at = min(int(np.searchsorted(begins, middle, "right")) - 1, len(starts) - 1)
    start, end = max(word.start, begins[at]), min(word.end, begins[at + 1])
    moved = starts[at] - begins[at]
    return Word(start + moved, max(start, end) + moved, word.text, word.sure)


def _within(word: Word, speech: Sequence[tuple[float, float]]) -> Word:
    """Without the pause before or after it, which the recogniser takes for a part of the word."""
    shared = [(min(word.end, end) - max(word.start, start), start, end) for start, end in speech]
    longest, start, end = max(shared, default=(0.0, 0.0, 0.0))
    return replace(word, start=max(word.start, start), end=min(word.end, end)) if longest > 0 else word


def _widened(speech: Sequence[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """With AROUND on either side, within `length`; what then meets is one."""
    around = round(AROUND * RATE)
    wide: list[tuple[int, int]] = []
    for first, end in speech:
        first, end = max(0, first - around), min(length, end + around)
        if wide and first <= wide[-1][1]:
            first = wide.pop()[0]
        wide.append((first, end))
    return wide


def _pieces(source: Source) -> Iterator[tuple[float, list[Samples]]]:
    """(when it begins, its channels at RATE) of each piece, cut at a quiet moment."""
    first = 0
    for piece in cut(source.frames(), source.rate, source.channels):
        own = piece.frames[piece.before : piece.before + piece.length]
        yield first / source.rate, [soxr.resample(one, source.rate, RATE).astype(np.float32) for one in own.T]
        first += piece.length
