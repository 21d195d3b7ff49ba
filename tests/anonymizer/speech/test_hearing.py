"""Where the words of a long recording are, and what becomes of a recogniser that fails."""

import sys

import numpy as np
import pytest

from anonymizer import NotAnonymised, Speech, Whisper, anonymize
from anonymizer.sound import Samples
from anonymizer.speech import Heard, NotRecognised, Word
from anonymizer.speech.hearing import NAMES, believed, hear, language_of, with_names
from anonymizer.speech.whisper import looped
from anonymizer.speech.words import RATE as WIDE
from tests.anonymizer.conftest import RATE, Memory

LOUD = 0.05


class Beeps:
    """Hears every stretch that is not silent as a word, and knows no other language than those it is given."""

    def __init__(self, **languages: float) -> None:
        self.languages, self.longest = languages or {"it": 1.0}, 0.0

    def speech(self, sound: Samples) -> list[tuple[int, int]]:
        loud = np.concatenate([[False], np.abs(sound).reshape(-1, WIDE // 100).max(axis=1) > LOUD, [False]])
        edges = np.flatnonzero(np.diff(loud)) * (WIDE // 100)
        return [(int(one), int(end)) for one, end in edges.reshape(-1, 2)]

    def language(self, sound: Samples) -> dict[str, float]:
        return self.languages

    def words(self, sound: Samples, language: str, hint: str | None) -> list[Word]:
        """The first lasts from the beginning on, silence or not, and the last until the end."""
        self.longest = max(self.longest, len(sound) / WIDE)
        loud = [(first / WIDE, end / WIDE) for first, end in self.speech(sound)]
        starts, ends = [0.0, *(start for start, _ in loud[1:])], [*(end for _, end in loud[:-1]), len(sound) / WIDE]
        return [Word(start, end, "bip") for start, end in zip(starts, ends, strict=True)]


class Deaf(Beeps):
    def words(self, sound: Samples, language: str, hint: str | None) -> list[Word]:
        return []


class Broken(Beeps):
    def words(self, sound: Samples, language: str, hint: str | None) -> list[Word]:
        raise NotRecognised("the recogniser failed: out of memory")


def beeping(seconds: int, every: int) -> Samples:
    """A tone of a second at the beginning of each `every` seconds, on the left; half as many on the right."""
    at = np.arange(seconds * RATE)
    tone = 0.3 * np.sin(at * 2 * np.pi * 500 / RATE)
    left, right = (at // RATE) % every == 0, (at // RATE) % (2 * every) == 0
    return np.stack([tone * left, tone * right], axis=1).astype(np.float32)


def test_each_word_of_a_long_recording_is_where_it_was_said() -> None:
    recogniser = Beeps()
    (channels,) = hear(Memory(beeping(600, 5)), recogniser, "it", (None,))
    for heard, every in zip(channels, (5, 10), strict=True):
        assert len(heard.words) == 600 / every
        for number, word in enumerate(heard.words):
            assert word.start == pytest.approx(number * every, abs=0.1)
            assert word.end == pytest.approx(number * every + 1, abs=0.1)
    assert recogniser.longest <= 28


@pytest.mark.parametrize("recogniser", [Broken(), Deaf()])
def test_where_nothing_is_recognised_there_is_no_result(recogniser: Beeps) -> None:
    run = anonymize(Memory(beeping(200, 2)), None, speech=Speech(recogniser, "it"))
    with pytest.raises(NotAnonymised, match=r"recogni"):
        list(run)
    assert run.report == {}


def test_without_the_recogniser_there_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    monkeypatch.setitem(sys.modules, "faster_whisper.vad", None)
    with pytest.raises(NotAnonymised, match="not installed"):
        list(anonymize(Memory(beeping(5, 2)), None, speech=Speech(Whisper(), "it")))


def test_the_language_is_that_of_both_or_one_that_we_do_not_know() -> None:
    sound = Memory(beeping(60, 2))
    assert language_of(sound, Beeps(it=0.3, en=0.1, es=0.6 - 0.2), ("it", "en")) == "it"
    with pytest.raises(NotRecognised, match="'es'"):
        language_of(sound, Beeps(it=0.3, es=0.7), ("it", "en"))
    assert language_of(Memory(beeping(4, 2)), Beeps(it=0.3, es=0.7), ("it", "en")) == "it"  # too little to be certain
    assert language_of(Memory(np.zeros((RATE, 2), np.float32)), Beeps(), ("it", "en")) is None
    with pytest.raises(NotRecognised, match="'es'"):
        Speech(Beeps(), "es")


class Followed(Beeps):
    """Takes speech whose beginning is all that it gets for none."""

    def words(self, sound: Samples, language: str, hint: str | None) -> list[Word]:
        return [] if np.abs(sound[: WIDE // 5]).max() > LOUD else super().words(sound, language, hint)


def test_speech_is_recognised_with_the_silence_around_it() -> None:
    sound = np.roll(beeping(60, 5), RATE, axis=0)
    for heard in hear(Memory(sound), Followed(), "it", (None,))[0]:
        assert len(heard.words) == len(heard.speech) > 5


def test_a_text_that_goes_in_circles_is_told_from_a_code() -> None:
    assert looped(["allora", *["e", "poi", "non", "ho", "capito,"] * 5])
    assert looped(["c", "'est,"] * 5) and looped(["12", "très"] * 5)
    assert looped([*"epoipagames"] * 6)
    assert not looped(["il", "codice", *"000000000001111100000000001"])
    assert not looped([]) and not looped(["no", "no", "no,", "mi", "chiamo", "Mario"])


class Dizzy(Whisper):
    """Goes round in circles where it is given much; else says a word in the middle."""

    def _transcribe(self, sound: Samples, language: str, hint: str | None, price: float) -> list[Word]:
        seconds = len(sound) / WIDE
        return [Word(seconds / 2, seconds / 2 + 1, one) for one in (["poi"] * 9 if seconds > 8 else ["prego"])]


def test_what_goes_in_circles_is_heard_in_halves_cut_where_nobody_speaks() -> None:
    sound = np.full(20 * WIDE, 0.1, np.float32)
    sound[9 * WIDE : round(9.2 * WIDE)] = 0
    words = Dizzy().words(sound, "it", None)
    assert {word.text for word in words} == {"prego"} and len(words) == 4
    starts = [word.start for word in words]
    assert starts == sorted(starts) and starts[1] < 9 < starts[2]
    assert words[-1].end <= 20


def test_what_the_hint_alone_has_made_a_recogniser_hear_is_not_believed() -> None:
    hint = "Your tax code? R S S M R A 8 5. IBAN, notice code, phone number: 0 7 7 4 2 2."
    text = "All right. notice code, phone number 1 4 2 Thank you. R S S M"
    sure = [0.9, 0.8, 0.0, 0.0, 0.1, 0.5, 0.0, 0.01, 0.02, 0.9, 0.9, 0.3, 0.2, 0.2, 0.2]
    words = [Word(at, at + 1.0, one, some) for at, (one, some) in enumerate(zip(text.split(), sure, strict=True))]
    left = [word.text for word in believed(Heard(words, []), hint).words]
    assert left == ["All", "right.", "Thank", "you.", "R", "S", "S", "M"], "letters may be others than these"
    said = ["all", "right", "my", "name", "is", "Sarah", "Miller"]
    person = [Word(at, at + 1.0, one, 0.3) for at, one in enumerate(said)]
    mine = "Who am I speaking with? My name is Sarah Miller."
    assert [word.text for word in believed(Heard(person, []), mine).words] == ["all", "right"]
    endless = [Word(0.0, 1.0, "yes", 0.9), Word(1.0, 9.0, "Miller.", 0.9)]
    assert believed(Heard(endless, []), mine).words == endless[:1]
    sure_of_it = [Word(at, at + 1.0, one, 0.9) for at, one in enumerate(["notice", "code,", "phone", "number"])]
    surely = Heard(sure_of_it, [])
    assert believed(surely, hint) == surely


def test_names_that_are_known_are_in_the_hint_as_far_as_there_is_room() -> None:
    assert with_names("Con chi parlo?", []) == "Con chi parlo?"
    known = ["+39 340 1234567", "Maria Rossi", "m.rossi@example.it", "RSSMRA85T10A562S", "Jo"]
    assert with_names("Con chi parlo?", known) == "Maria Rossi, Jo. Con chi parlo?"
    long = " ".join(["nome"] * NAMES)
    assert with_names("Con chi parlo?", ["Jo", long, "Bo"]) == "Jo, Bo. Con chi parlo?"
    assert with_names("Con chi parlo?", [long, "Bo"]) == f"{long}. Con chi parlo?"
