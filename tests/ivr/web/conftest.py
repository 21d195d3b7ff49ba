"""The application with one user a role, and a real Chromium. All of a page's test runs in one loop, the session's."""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page

from ivr.cli.flow.test import failures
from ivr.cli.vault import open_vault
from ivr.prompts.library import Library
from ivr.settings import load
from ivr.store.database import Database
from ivr.web import access
from ivr.web.app import make_app
from ivr.web.users import add_user
from tests.browser import Complaints, chromium

PHONE_SECRET, LINK_TOKEN, PSEUDONYMS = "only-for-tests", "of-the-tests", "of-tests-operators"
SCRAPER = "of-tests-prometheus"
CALLERS = "of-tests-callers"
AXE = Path(__file__).parents[2] / "axe-core-4.14.1.min.js"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """On SQLite alone: what a page shows does not depend on the store, and a browser takes its time."""
    one = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    one.migrate()
    yield one
    one.engine.dispose()


def add_users(database: Database) -> None:
    """One user a role, named like it; the password is the name and `-password`."""
    with database.transaction() as session:
        for role in access.ROLES:
            add_user(session, role, role, "4271" if role == "operator" else "", password=f"{role}-password")


FLOW = """\
ivr: 1
description: A small line
languages: [it, en]
numbers: ["+390600000001"]
start: welcome
prompts:
  welcome: {notice: recording, it: "Benvenuti, la chiamata sarà registrata.", en: "Welcome, this call is recorded."}
  choose: {it: "Prema uno per un operatore.", en: "Press one for an operator."}
  clear: {it: "Da uno a cinque, era chiaro?", en: "From one to five, was it clear?"}
  bye: {it: "Arrivederci.", en: "Goodbye."}
nodes:
  welcome: {play: welcome, next: choose}
  choose:
    menu: {prompt: choose, choices: {1: waiting}}
    otherwise: bye
  waiting:
    queue: {name: desk, max_wait: 5m}
    served: again
    timeout: bye
    full: bye
    unstaffed: bye
  again:
    survey: {name: after, questions: {clear: clear}, scale: 5}
    next: bye
  bye: {play: bye, next: end}
  end: {hangup: normal}
"""
QUEUES = """\
desk: {strategy: longest-idle, ring: 20s, wrap_up: 30s, max_waiting: 10}
"""


def write_flows(folder: Path) -> Path:
    """A designers' folder with one sound flow, `sportello`."""
    folder.mkdir()
    (folder / "sportello.flow.yaml").write_text(FLOW, "utf-8")
    (folder / "queues.yaml").write_text(QUEUES, "utf-8")
    return folder


def make(data: Path, database: Database, flows: Path, base_port: int | None = None) -> web.Application:
    settings = load(data, base_port=base_port, environment={"NUMERO_NERO_FLOWS__FOLDER": str(flows)})
    library, tests = Library(settings.prompts_folder, flows), partial(failures, settings=settings)
    vault = open_vault(settings)
    secrets = (PHONE_SECRET, LINK_TOKEN, PSEUDONYMS, CALLERS)
    return make_app(settings, database, vault, os.urandom(32), *secrets, library, tests, scraper=SCRAPER)


class Site:
    """A page of the running application, as a person sees it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.complaints = Complaints.of(page)

    async def open(self, path: str) -> None:
        await self.page.goto(self.address + path)

    async def sign_in(self, role: str, password: str = "") -> None:
        await self.open("/sign-in")
        await self.page.fill("[name=name]", role)
        await self.page.fill("[name=password]", password or f"{role}-password")
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url(re.compile(r"^(?!.*sign-in)"), timeout=10_000)

    async def until(self, true: str, within: float = 45.0) -> None:
        """Wait until an expression is true. (The page's policy forbids what Playwright has for this.)"""
        deadline = time.monotonic() + within
        while not await self.page.evaluate(true):
            assert time.monotonic() < deadline, f"never: {true}"
            await asyncio.sleep(0.05)

    async def barriers(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA, once colours have come to rest."""
        rest = "document.getAnimations().filter(one => one instanceof CSSTransition).map(one => one.finished)"
        await self.page.evaluate(f"Promise.allSettled({rest}).then(() => undefined)")
        await self.page.evaluate(AXE.read_text("utf-8"))
        found = await self.page.evaluate(
            "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        )
        return [f"{one['id']}: {node['html']}" for one in found["violations"] for node in one["nodes"]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as one:
        yield one


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    return write_flows(tmp_path / "flows")


@pytest_asyncio.fixture(loop_scope="session")
async def address(database: Database, users: None, tmp_path: Path, flows: Path) -> AsyncIterator[str]:
    """Where the application answers."""
    async with TestServer(make(tmp_path, database, flows)) as server:
        yield str(server.make_url("")).rstrip("/")


async def _site(browser: Browser, address: str) -> AsyncIterator[Site]:
    context = await browser.new_context(locale="it-IT")
    context.set_default_timeout(45_000)
    yield Site(await context.new_page(), address)
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def site(browser: Browser, address: str) -> AsyncIterator[Site]:
    async for one in _site(browser, address):
        yield one


@pytest_asyncio.fixture(loop_scope="session")
async def other_site(browser: Browser, address: str) -> AsyncIterator[Site]:
    """The same application in a browser that has nothing of the first."""
    async for one in _site(browser, address):
        yield one


@pytest.fixture
def users(database: Database) -> None:
    add_users(database)
