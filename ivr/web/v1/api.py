"""The routes of `/api/v1`: those of its operations, and its description for programs and for people."""

from aiohttp import web

from ivr.web.answers import Handler, html
from ivr.web.v1 import calls, outcomes, recordings, surveys, tickets
from ivr.web.v1.answering import answering
from ivr.web.v1.document import document
from ivr.web.v1.operations import PREFIX

NOUNS = (calls, outcomes, surveys, recordings, tickets)
OPERATIONS = [one for noun in NOUNS for one in noun.OPERATIONS]
BY_ROUTE = {(one.method, f"{PREFIX}{one.path}"): one for one in OPERATIONS}


async def _document(_: web.Request) -> web.StreamResponse:
    return web.json_response(document(OPERATIONS))


async def _page(request: web.Request) -> web.StreamResponse:
    return html(request, "api", document=document(OPERATIONS))


def _routes() -> list[web.RouteDef]:
    described: list[tuple[str, Handler]] = [("openapi.json", _document), ("docs", _page)]
    return [
        *(web.get(f"{PREFIX}/{name}", handler) for name, handler in described),
        *(web.route(one.method, path, answering(one)) for (_, path), one in BY_ROUTE.items()),
    ]


ROUTES = _routes()
