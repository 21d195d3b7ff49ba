"""What a controller has refused, in the language of the page. Controllers say it in English."""

import re
import tomllib
from functools import cache
from pathlib import Path

from ivr.web.labels import labels


def said(reason: str, language: str) -> str:
    """As it is, where no words of this language are known for it."""
    for pattern, words in _sentences(language):
        if found := re.fullmatch(pattern, reason):
            states = labels(language)["state"]
            return words.format(*(states.get(part, part) for part in found.groups()))
    return reason


@cache
def sentences(language: str) -> dict[str, str]:
    """Theirs → ours; {} stands for what differs."""
    path = Path(__file__).parent / "labels" / f"refusals.{language}.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


@cache
def _sentences(language: str) -> list[tuple[str, str]]:
    return [("(.*)".join(map(re.escape, theirs.split("{}"))), ours) for theirs, ours in sentences(language).items()]
