"""What was refused, in the language of the page: by a controller, a criterion, or the ticket desk. The code says it in
English."""

import re
import tomllib
from functools import cache
from pathlib import Path

from aiohttp import web

from ivr.web.labels import labels, language_of


def told(request: web.Request, reason: object, page: str = "review") -> str:
    """A browser says which language it wants; a program is told it as the code does. `page`: whose fields are named."""
    return said(str(reason), language_of(request), page) if "Accept-Language" in request.headers else str(reason)


def said(reason: str, language: str, page: str = "review") -> str:
    """As it is, where no words of this language are known for it. What begins with the name of a criterion begins with
    what its field is called."""
    fields = labels(language)[page]
    for pattern, words in _sentences(language):
        if found := re.fullmatch(pattern, reason):
            return words.format(*(_listed(part, language, fields) for part in found.groups()))
    name, colon, why = reason.partition(": ")
    if colon and name.isidentifier():
        return f"{fields.get(name, name)}: {said(why, language, page)}"
    return reason


def _listed(part: str, language: str, fields: dict[str, str]) -> str:
    """One thing or several, each with the name that it has on the page."""
    states = labels(language)["state"]
    return ", ".join(states.get(one) or fields.get(f"state_{one}", one) for one in part.split(", "))


@cache
def sentences(language: str) -> dict[str, str]:
    """Theirs → ours; {} stands for what differs."""
    path = Path(__file__).parent / "labels" / f"refusals.{language}.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


@cache
def _sentences(language: str) -> list[tuple[str, str]]:
    return [("(.*)".join(map(re.escape, theirs.split("{}"))), ours) for theirs, ours in sentences(language).items()]
