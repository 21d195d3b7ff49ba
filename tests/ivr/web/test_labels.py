"""The catalogues are complete: what one language says, every language says."""

import re
from pathlib import Path
from typing import get_args

from anonymizer import PROFILES
from ivr.settings import Profile
from ivr.web.labels import LANGUAGES, labels


def keys(language: str) -> set[tuple[str, str]]:
    return {(section, key) for section, words in labels(language).items() for key in words}


def test_every_language_has_the_same_words() -> None:
    first, *others = LANGUAGES
    for other in others:
        assert keys(other) ^ keys(first) == set()
    for language in LANGUAGES:
        assert all(word.strip() for words in labels(language).values() for word in words.values())


def test_what_reviewers_read_of_a_profile_was_measured() -> None:
    """In docs/privacy.md, the semi-informed attacker's equal error rate."""
    assert tuple(PROFILES) == get_args(Profile)
    lines = (Path(__file__).parents[3] / "docs" / "privacy.md").read_text().splitlines()
    head, figures = (
        next(line for line in lines if line.startswith(begin)).split("|")
        for begin in ("| | untouched", "| semi-informed |")
    )
    measured = {name.strip(" `"): cell for name, cell in zip(head, figures, strict=True)}
    for language in LANGUAGES:
        for name in PROFILES:
            told = re.search(r"([0-9]+) %", labels(language)["review"][f"profile_{name}"])
            assert told and int(told[1]) == round(float(measured[name].split()[0])), (language, name)
