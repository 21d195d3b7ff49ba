"""What the figures of spoken personal data rest on."""

import random
from collections import Counter

import numpy as np
import pytest

from anonymizer import Span
from anonymizer.speech import LANGUAGES
from bench.spoken_data.__main__ import counts, interval
from bench.spoken_data.dialogue import RATE, Dialogue, Part, scenes
from bench.spoken_data.values import people, value


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_on_whom_the_anonymiser_was_tuned_is_named_in_the_test(language: str) -> None:
    tuned, held = people(language, False), people(language, True)
    assert not set(tuned.first) & set(held.first)
    assert len(set(tuned.last) & set(held.last)) <= 1
    said = [{turn for scene in scenes(language, one, names=True)[0] for turn in scene} for one in (False, True)]
    assert len(said[0] & said[1]) == 0 and min(map(len, said)) >= 19


def test_a_surname_is_said_again() -> None:
    who, rng = people("it", True), random.Random(1)
    (_, name), (_, again) = value("name", "it", rng, who)[0], value("again", "it", rng, who)[0]
    assert name.split()[1] == again


def test_what_is_covered_close_to_a_name_is_told_apart() -> None:
    """A name from 2 to 3 s with speech before it, and a cover from 1.0 to 2.95 s."""
    voiced = np.ones(100, np.bool_)
    talk = Part(0.0, 2.0, 0, "", "", np.ones(200, np.bool_))
    made = Dialogue("it", np.zeros((4 * RATE, 2), np.float32), [talk, Part(2.0, 3.0, 0, "name", "name", voiced)])
    found = counts(made, [Span(1.0, 2.95, "name")])
    assert (found["names"], found["names+"]) == (1, 1)
    assert (found["other speech"], found["other speech+"]) == (200, 100)
    assert (found["beyond 0.4 s"], found["beyond 0.4 s+"]) == (160, 60)


def test_the_interval_of_a_share() -> None:
    assert interval(Counter({"names": 10, "names+": 6})) == "31–83"
    assert interval(Counter()) == "–"
