"""What went wrong, as RFC 9457 says it."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import web

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct):
    """What went wrong (RFC 9457)."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"


class Refusal(Exception):
    """Ends a request with a problem. `detail`: what is wrong, where, and what to do; nothing personal."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    body = msgspec.json.encode(Problem(HTTPStatus(status).phrase, status, detail))
    return web.Response(body=body, status=status, content_type=MEDIA_TYPE, headers=headers)
