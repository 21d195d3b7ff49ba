"""What the network learns from. That it can be learnt is shown by the weights (`test_network.py`)."""

import random
from itertools import islice

import numpy as np
import pytest

from anonymizer.anybody import training
from anonymizer.anybody.network import AROUND, KEPT, STEPS
from anonymizer.anybody.sounds import SIZE


@pytest.mark.parametrize("language", ["it", "en", "de", "fr"])
def test_sentences_are_of_the_language_and_of_the_seed(language: str) -> None:
    one, again, other = (list(islice(training.sentences(language, random.Random(n)), 5)) for n in (1, 1, 2))
    assert one == again != other
    assert all(sentence.endswith(".") and 5 <= len(sentence.split()) <= 12 for sentence in one)


def test_what_is_heard_varies_and_what_is_wanted_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "STRETCHES", 1)
    monkeypatch.setattr(training, "STRETCH", 3.0)
    heard, wanted, rows = training.examples("it-IT", "it")
    assert heard.shape[1] == SIZE and wanted.shape == (len(rows), STEPS * KEPT)
    half = len(rows) // 2
    assert np.array_equal(wanted[:half], wanted[half:])
    assert np.isfinite(wanted).all() and rows.min() >= AROUND and rows.max() < len(heard) - AROUND
    assert not np.array_equal(heard[rows[:half]], heard[rows[half:]])
    assert not heard[:AROUND].any() and not heard[-AROUND:].any()
