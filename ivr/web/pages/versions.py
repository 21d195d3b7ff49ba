"""Publishing from the page, taking a version back, and what changed between two."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import web

from ivr.flow.findings import FlowErrors
from ivr.problem import Problem
from ivr.prompts.library import Library, PromptError
from ivr.publishing.changes import Which, changes
from ivr.publishing.publish import FailingTests, publish, roll_back
from ivr.store.database import StoreError
from ivr.web.answers import DATABASE, SETTINGS, html
from ivr.web.pages.flows import SHELVES, listed
from ivr.web.shelf import DRAFT

Tests = Callable[[Path], Sequence[str]]
LIBRARY = web.AppKey("library", Library)
TESTS = web.AppKey[Tests]("tests")
LONGEST_NOTE = 200


def _version(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise web.HTTPNotFound(text="there is no such version of the flows")
    return int(text)


async def _note(request: web.Request) -> str:
    note = " ".join(str((await request.post()).get("note", "")).split())
    if not 0 < len(note) <= LONGEST_NOTE:
        raise web.HTTPBadRequest(text=f"a note of up to {LONGEST_NOTE} characters says why")
    return note


async def _refused(request: web.Request, problem: str, failures: Sequence[str] = ()) -> web.StreamResponse:
    shelf = await asyncio.to_thread(request.app[SHELVES].get, DRAFT)
    return await listed(request, shelf, 409, problem=problem, failures=failures)


async def _publish(request: web.Request) -> web.StreamResponse:
    """Form: `note`. The store's audit has who, when and which version."""
    note, user = await _note(request), request["user"]
    database, library, tests = request.app[DATABASE], request.app[LIBRARY], request.app[TESTS]
    settings = request.app[SETTINGS]
    folder, hosts = settings.flows.folder, settings.http.hosts

    def work() -> int:
        return publish(database, folder, library, tests=tests, author=user, note=note, hosts=hosts)

    try:
        number = await asyncio.to_thread(work)
    except FailingTests as error:
        return await _refused(request, "tests", error.failures)
    except FlowErrors:
        return await _refused(request, "findings")
    except (Problem, PromptError) as error:
        return await _refused(request, str(error))
    if not number:
        return await _refused(request, "same")
    raise web.HTTPSeeOther("/flows")


async def _roll_back(request: web.Request) -> web.StreamResponse:
    """Form: `note`."""
    number, note, user = _version(request.match_info["number"]), await _note(request), request["user"]
    database, home, library = request.app[DATABASE], request.app[SETTINGS].flow_versions, request.app[LIBRARY]

    def work() -> bool:
        return roll_back(database, number, home, library.of, author=user, note=note)

    try:
        await asyncio.to_thread(work)
    except StoreError:
        raise web.HTTPNotFound(text=f"there is no version {number}") from None
    except (FlowErrors, PromptError, OSError) as error:
        return await _refused(request, str(error))
    raise web.HTTPSeeOther("/flows")


async def _changes(request: web.Request) -> web.StreamResponse:
    def which(name: str) -> Which:
        text = request.match_info[name]
        return None if text == DRAFT else _version(text)

    old, new = which("old"), which("new")
    database, folder = request.app[DATABASE], request.app[SETTINGS].flows.folder
    problem = ""
    found = []
    try:
        found = await asyncio.to_thread(changes, database, folder, old, new)
    except StoreError:
        raise web.HTTPNotFound(text="there is no such version of the flows") from None
    except (FlowErrors, OSError) as error:
        problem = str(error)
    return html(request, "changes", old=old, new=new, changes=found, problem=problem)


ROUTES = [
    web.get("/flow-versions/{old}/{new}", _changes),
    web.post("/flow-versions", _publish),
    web.post("/flow-versions/{number}", _roll_back),
]
