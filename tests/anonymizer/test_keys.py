import numpy as np
import pytest

from anonymizer.keys import MARGIN, listen
from anonymizer.sound import Samples
from tests.anonymizer.conftest import RATE, Memory, key, power

KEYS = [(row, column) for row in range(4) for column in range(4)]


def heard(samples: Samples, rate: int = RATE, block: int = 777) -> list[tuple[float, float]]:
    found = listen(Memory(samples[:, None], rate, block).frames(), rate, 1)
    return [(span.start, span.end) for span in found]


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("name", KEYS, ids=str)
def test_each_key_of_80_ms_is_covered_whole_at_20_db(name: tuple[int, int], rate: int) -> None:
    rng = np.random.default_rng(KEYS.index(name))
    for _ in range(20):
        tone = key(name, 0.08, rate=rate)
        sound = rng.normal(0, np.sqrt(power(tone) / 100), 2 * rate).astype(np.float32)
        begin = int(rng.integers(rate // 2, rate))
        sound[begin : begin + len(tone)] += tone
        ((start, end),) = heard(sound, rate)
        assert start <= begin / rate and end >= (begin + len(tone)) / rate
        assert end - start < 0.08 + 2 * MARGIN + 0.06


def test_twenty_keys_in_a_row_leave_nothing_uncovered(call: Samples) -> None:
    sound = call[:, 0].copy()
    taken = np.zeros(len(sound), bool)
    for number in range(20):
        begin = RATE + number * RATE // 4
        tone = key(KEYS[number % 16], 0.09)
        sound[begin : begin + len(tone)] = 0.05 * sound[begin : begin + len(tone)] + tone
        taken[begin : begin + len(tone)] = True
    for start, end in heard(sound):
        taken[int(start * RATE) : int(np.ceil(end * RATE))] = False
    assert not taken.any()


def test_speech_music_and_noise_are_no_keys(call: Samples) -> None:
    assert heard(call[:, 0]) == [] == heard(call[:, 1])
    assert heard(np.random.default_rng(1).normal(0, 0.1, 60 * RATE).astype(np.float32)) == []
    turns = 2 * np.pi * np.arange(RATE) / RATE
    notes = [sum(np.sin(hertz * turns) for hertz in (base, base * 5 / 4, base * 3 / 2)) for base in range(300, 900, 20)]
    assert heard((0.1 * np.concatenate(notes)).astype(np.float32)) == []


def test_a_key_too_short_for_a_phone_is_none() -> None:
    sound = np.zeros(RATE, np.float32)
    sound[2000:2160] = key((1, 1), 0.02)
    assert heard(sound) == []
