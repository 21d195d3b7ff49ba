"""The catalogues are complete: what one language says, every language says."""

from ivr.web.labels import LANGUAGES, labels


def keys(language: str) -> set[tuple[str, str]]:
    return {(section, key) for section, words in labels(language).items() for key in words}


def test_every_language_has_the_same_words() -> None:
    first, *others = LANGUAGES
    for other in others:
        assert keys(other) ^ keys(first) == set()
    for language in LANGUAGES:
        assert all(word.strip() for words in labels(language).values() for word in words.values())
