"""The application with one user a role, and a real Chromium. All of a page's test runs in one loop, the session's."""

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page

from ivr.settings import load
from ivr.store.database import Database
from ivr.web import access
from ivr.web.app import make_app
from tests.browser import Complaints, chromium

AXE = Path(__file__).parents[2] / "axe-core-4.14.1.min.js"


def add_users(database: Database) -> None:
    """One user a role, named like it; the password is the name and `-password`."""
    with database.transaction() as session:
        for role in access.ROLES:
            access.add_user(session, role, role, "4271" if role == "operator" else "", password=f"{role}-password")


class Site:
    """A page of the running application, as a person sees it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self._address = page, address
        self.complaints = Complaints.of(page)

    async def open(self, path: str) -> None:
        await self.page.goto(self._address + path)

    async def sign_in(self, role: str) -> None:
        await self.open("/sign-in")
        await self.page.fill("[name=name]", role)
        await self.page.fill("[name=password]", f"{role}-password")
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url(re.compile(r"^(?!.*sign-in)"), timeout=10_000)

    async def barriers(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA."""
        await self.page.evaluate(AXE.read_text("utf-8"))
        found = await self.page.evaluate(
            "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        )
        return [f"{one['id']}: {node['html']}" for one in found["violations"] for node in one["nodes"]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="session")
async def site(browser: Browser, database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    add_users(database)
    app = make_app(load(tmp_path, environment={}), database, os.urandom(32))
    async with TestServer(app) as server:
        context = await browser.new_context(locale="it-IT")
        yield Site(await context.new_page(), str(server.make_url("")).rstrip("/"))
        await context.close()


@pytest.fixture
def users(database: Database) -> None:
    add_users(database)
