"""What Pico's voices really speak of words that are known. That they are recognised first: `speech/test_listen.py`."""

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from anonymizer import PROFILES, NotAnonymised, Span, Spoken, anonymize, retold
from anonymizer.pitch import pitch
from anonymizer.profiles import Speaker, keeps_up, speakers
from anonymizer.retold import Retold
from anonymizer.sound import Samples
from anonymizer.speech import Understood, Word
from tests.anonymizer.conftest import RATE, Memory, power
from tests.anonymizer.test_phrases import said

SYNTHETIC = PROFILES["synthetic"]
assert isinstance(SYNTHETIC, Spoken)
TEXT = "Il pagamento risulta ricevuto e non deve fare altro."


def understood(*channels: list[Word], language: str = "it") -> Understood:
    return Understood(language, [], [0.9] * len(channels), list(channels), [[] for _ in channels])


def spoken(source: Memory, told: Understood, spans: list[Span] | None = None) -> tuple[Samples, Retold]:
    made = Retold(source, told, spans or [], SYNTHETIC)
    return np.concatenate([voiced for _, voiced in made]), made


def noise(seconds: float, channels: int = 1, level: float = 0.05, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).normal(0, level, (round(seconds * RATE), channels)).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_each_phrase_is_spoken_when_it_was_said_and_nothing_else_is_there(rate: int) -> None:
    words = [*said(TEXT, 1.0), *said("buona giornata", 8.0)]
    sound = np.random.default_rng(1).normal(0, 0.05, (12 * rate, 1)).astype(np.float32)
    result, made = spoken(Memory(sound, rate, block=1000), understood(words))
    assert result.shape == sound.shape and made.unspoken == [[]]
    loud = np.flatnonzero(np.abs(result[:, 0]) > 0.005) / rate
    gap = loud[np.flatnonzero(np.diff(loud) > 1)[0]]
    assert 1.0 <= loud[0] < 1.1 and 3.0 < gap < 5.0, "it lasts about as long"
    assert not result[: int(0.99 * rate)].any() and not result[int(5.5 * rate) : int(7.9 * rate)].any()


def test_nothing_of_the_waveform_remains(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two quite different sounds, of the same words at the same times, become the same, but for Pico's own noise."""
    monkeypatch.setattr(retold, "speakers", lambda *_: [Speaker(0.9, 1.1, 1.0)])
    told = understood(said(TEXT, 0.5))
    turns = np.arange(5 * RATE) * 2 * np.pi * 220 / RATE
    tone = (0.05 * np.sign(np.sin(turns)))[:, None].astype(np.float32)
    one, other = (spoken(Memory(sound), told)[0] for sound in (noise(5), tone))
    assert one.any() and power(one - other) < 0.001 * power(one)


def test_loudness_has_three_steps() -> None:
    levels = []
    for level in (0.001, 0.02, 0.03, 0.06, 0.08, 0.5):
        result, _ = spoken(Memory(noise(5, level=level)), understood(said(TEXT, 0.5)))
        heard = result[np.abs(result) > 0.01]
        levels.append(10 * np.log10(np.square(heard, dtype=np.float64).mean()))
    assert levels == pytest.approx([-30, -30, -30, -25, -20, -20], abs=2.5)


def test_both_channels_have_voices_that_are_told_apart_and_each_run_has_others() -> None:
    for _ in range(200):
        one, other = (one.size for one in speakers(SYNTHETIC, 2))
        assert abs(np.log2(one / other)) > 0.05
    words = said(TEXT, 0.2)
    runs = [spoken(Memory(noise(5, 2)), understood(words, words))[0] for _ in range(3)]
    medians = [[float(np.median(h[h > 0])) for h in (pitch(c.astype(np.float64), RATE) for c in run.T)] for run in runs]
    flat = [hertz for both in medians for hertz in both]
    assert len({round(hertz) for hertz in flat}) >= 4, flat


def test_what_has_no_room_is_not_spoken_over_the_next_but_marked() -> None:
    words = [*said("ventiquattro precipitevolissimevolmente", 1.0, 0.05), *said("[iban]", 1.2), *said("va bene", 3.0)]
    result, made = spoken(Memory(noise(6)), understood(words), [Span(1.2, 2.8, "iban")])
    ((missed,),) = made.unspoken
    assert (missed.start, missed.end, missed.kind) == (1.0, 1.1, "unspoken")
    assert not result[int(1.2 * RATE) : int(2.8 * RATE)].any() and result[int(3.0 * RATE) :].any()


def test_letters_that_no_voice_can_read_are_marked() -> None:
    result, made = spoken(Memory(noise(5)), understood([Word(1.0, 3.0, "日本語")]))
    assert [(one.start, one.end) for one in made.unspoken[0]] == [(1.0, 3.0)]
    assert 0 < np.sqrt(power(result[RATE : 3 * RATE])) < 0.01


@pytest.mark.parametrize("language", ["it", "en", "de", "fr"])
def test_every_language_has_a_voice(language: str) -> None:
    result, made = spoken(Memory(noise(4)), understood(said("okay, merci, danke"), language=language))
    assert made.unspoken == [[]] and power(result) > 1e-5


def test_where_nobody_speaks_there_is_silence() -> None:
    assert not spoken(Memory(noise(3, 2)), Understood(None))[0].any()


def test_without_a_recogniser_there_is_no_result_and_not_a_block_of_it() -> None:
    run = iter(anonymize(Memory(noise(3)), SYNTHETIC))
    with pytest.raises(NotAnonymised, match="there is no recogniser"):
        next(run)


def test_a_live_call_has_a_voice_that_keeps_up() -> None:
    assert [keeps_up(PROFILES[name]).name for name in ("synthetic", "strong", "clear")] == ["live", "live", "clear"]


class Hours(Memory):
    """The same minute again and again."""

    def __init__(self, minute: Samples, times: int) -> None:
        super().__init__(minute)
        self._times = times

    def frames(self) -> Iterator[Samples]:
        for _ in range(self._times):
            yield from super().frames()


def test_memory_does_not_grow_with_the_length() -> None:
    minutes, peaks = (2, 12), []
    for many in minutes:
        words = [word for at in range(0, 60 * many, 20) for word in said(TEXT, at)]
        made = Retold(Hours(noise(60), many), understood(words), [], SYNTHETIC)
        tracemalloc.start()
        length = sum(len(voiced) for _, voiced in made)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert length == 60 * many * RATE
    assert peaks[1] < 1.3 * peaks[0] and peaks[1] < 20e6
