"""What was refused, in the language of the page: by a controller, or a criterion. The code says it in English."""

import re
import tomllib
from functools import cache
from pathlib import Path

from aiohttp import web

from ivr.web.labels import labels, language_of


def told(request: web.Request, reason: object) -> str:
    """A browser says which language it wants; a program is told it as the code does."""
    return said(str(reason), language_of(request)) if "Accept-Language" in request.headers else str(reason)


def said(reason: str, language: str) -> str:
    """As it is, where no words of this language are known for it. What begins with the name of a criterion begins with
    what its field is called."""
    for pattern, words in _sentences(language):
        if found := re.fullmatch(pattern, reason):
            states = labels(language)["state"]
            return words.format(*(states.get(part, part) for part in found.groups()))
    name, colon, why = reason.partition(": ")
    if colon and name.isidentifier():
        return f"{labels(language)['review'].get(name, name)}: {said(why, language)}"
    return reason


@cache
def sentences(language: str) -> dict[str, str]:
    """Theirs → ours; {} stands for what differs."""
    path = Path(__file__).parent / "labels" / f"refusals.{language}.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


@cache
def _sentences(language: str) -> list[tuple[str, str]]:
    return [("(.*)".join(map(re.escape, theirs.split("{}"))), ours) for theirs, ours in sentences(language).items()]
