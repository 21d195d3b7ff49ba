"""What the engine itself says, in the four languages: texts in `builtin.yaml`."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ivr.flow import spoken
from ivr.flow.source import Source
from ivr.flow.words import Say

LANGUAGES = ("it", "en", "de", "fr")


@cache
def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = Source(Path(__file__).with_name("builtin.yaml").read_bytes(), "builtin.yaml").data
    return texts


def names() -> frozenset[str]:
    return frozenset(_texts()["prompts"])


def builtin_say(prompt: str, language: str, /, **values: object) -> Say:
    """A built-in prompt with its values put in; a language we do not speak is answered in English.

    `code` is read digit by digit, `wait` (seconds) as a duration, `language` by its name in the listener's language.
    """
    language = language if language in LANGUAGES else "en"
    text = str(_texts()["prompts"][prompt][language])
    spoken_values = {name: _spoken(name, value, language) for name, value in values.items()}
    return Say(prompt, language, text.format_map(spoken_values))


def _spoken(name: str, value: object, language: str) -> str:
    if name == "code":
        return spoken.digits(value, language)
    if name == "wait":
        return spoken.duration(float(str(value)), language)
    if name == "language":
        return str(_texts()["languages"][language].get(value, value))
    return str(value)


def texts() -> Iterator[tuple[str, str, str]]:
    """(prompt, language, text) of every built-in prompt, values in braces."""
    for prompt, by_language in _texts()["prompts"].items():
        for language, text in by_language.items():
            yield prompt, language, text


def static_says() -> Iterator[Say]:
    """Every built-in prompt that holds no value, in every language: to be made ahead of calls."""
    for prompt, language, text in texts():
        if "{" not in text:
            yield Say(prompt, language, text)
