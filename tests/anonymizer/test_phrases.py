"""Which words are spoken anew together, and until when they may be."""

from itertools import pairwise

import numpy as np
import pytest

from anonymizer.phrases import Phrase, phrases, readable
from anonymizer.spans import Span
from anonymizer.speech import Word


def said(text: str, start: float = 0.0, each: float = 0.3, sure: float = 0.9) -> list[Word]:
    """One after the other without a pause."""
    return [Word(start + n * each, start + (n + 1) * each, word, sure) for n, word in enumerate(text.split())]


def test_words_are_together_until_a_pause_or_the_end_of_a_sentence() -> None:
    words = [*said("Il pagamento è stato ricevuto."), *said("Non deve fare altro,", 1.5), *said("buona giornata", 5.0)]
    found = phrases(words, [(0.0, 6.0)], [], 10.0)
    assert [one.text for one in found] == [
        "Il pagamento è stato ricevuto.",
        "Non deve fare altro,",
        "",
        "buona giornata",
    ]
    first, second, silent, last = found
    assert (first.start, first.end, first.until) == (0.0, 1.5, pytest.approx(1.45))
    assert second.until == silent.start - 0.05 and last.until == pytest.approx(9.95)
    assert not silent.text and silent.start == pytest.approx(3.2) and silent.end == pytest.approx(4.5)


def test_what_is_covered_is_no_part_of_a_phrase_and_none_goes_into_it() -> None:
    words = [*said("mi chiamo"), *said("Mario Rossi", 0.6), *said("[name]", 1.2), *said("e vorrei pagare", 1.5)]
    span = Span(0.55, 1.5, "name")
    found = phrases(words, [(0.0, 2.4)], [span], 3.0)
    assert [one.text for one in found] == ["mi", "e vorrei pagare"], "a word that touches what is covered goes with it"
    assert found[0].until == pytest.approx(0.5) and found[1].start == 1.5


def test_what_was_hardly_understood_and_speech_without_words_is_marked() -> None:
    words = [*said("tutto chiaro"), *said("brusio di fondo", 5.0, sure=0.1)]
    found = phrases(words, [(0.0, 0.8), (5.0, 6.2), (8.0, 8.4), (12.0, 20.0)], [], 30.0)
    assert [(one.start, one.end, one.text) for one in found] == [
        (0.0, pytest.approx(0.6), "tutto chiaro"),
        (5.0, 6.2, ""),
        (12.0, 20.0, ""),
    ]


def test_nothing_that_a_voice_takes_for_an_order_or_spells_out() -> None:
    assert readable(
        [Word(0, 1, text) for text in ("<speed", "level='50'>", "l'avviso,", "-", "&", "[ok]", "a_b", "-nome")]
    ) == ("speed level '50' l'avviso, ok a b nome")
    assert readable([Word(0, 1, "…"), Word(1, 2, "-")]) == ""
    assert readable([Word(0, 1, "a" * 1000)]) == "a" * 30


def test_no_phrase_goes_into_the_next_whatever_is_heard() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        starts = np.sort(rng.uniform(0, 60, 80))
        words = [
            Word(start, start + rng.uniform(0, 1.5), str(rng.choice(["va", "bene.", "[iban]", "…"])), rng.uniform())
            for start in starts.tolist()
        ]
        at = np.sort(rng.uniform(0, 60, 12)).tolist()
        speech, spans = (
            list(zip(at[0::4], at[2::4], strict=True)),
            [Span(at[1], at[3], "iban"), Span(at[3], at[5], "key")],
        )
        found = phrases(words, speech, spans, 62.0)
        for one, other in pairwise(found):
            assert one.start <= one.end <= other.start and one.until <= other.start
        for one in found:
            assert all(span.end <= one.start or one.until <= span.start for span in spans), one


def test_silence_has_no_phrases() -> None:
    assert phrases([], [], [], 5.0) == []
    assert phrases([], [(1.0, 4.0)], [], 5.0) == [Phrase(1.0, 4.0, 4.95)]
