"""The words of the pages, one TOML file a language, and which language a request wants."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

LANGUAGES = {"it": "Italiano", "en": "English"}  # the first is the default
COOKIE = "language"

Labels = dict[str, dict[str, Any]]


@cache
def labels(language: str) -> Labels:
    return tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text("utf-8"))


def language_of(request: web.Request) -> str:
    """What was chosen on a page, else the first of the browser's languages that we have, else the default."""
    if (chosen := request.cookies.get(COOKIE, "")) in LANGUAGES:
        return chosen
    wanted = [part.strip()[:2].lower() for part in request.headers.get("Accept-Language", "").split(",")]
    return next((code for code in wanted if code in LANGUAGES), next(iter(LANGUAGES)))
