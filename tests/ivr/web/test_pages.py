"""The pages in a real Chromium: what a person sees, by role, in both languages, by keyboard alone."""

from datetime import UTC, datetime, timedelta

import pytest

from ivr.store import calls, operators
from ivr.store.database import Database
from ivr.web import access
from tests.ivr.web.conftest import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def facts(database: Database) -> None:
    """One operator, one call in progress."""
    with database.transaction() as session:
        operators.add(session, "4271", "Anna", ["it", "de"], ["all"], datetime.now(UTC))
        calls.start(
            session,
            id="0190-live",
            channel="c1",
            controller="1",
            called="+390600000001",
            caller="+390471123456",
            flow="assistenza",
            started_at=datetime.now(UTC) - timedelta(seconds=5),
        )


async def test_no_page_has_a_barrier_or_a_complaint_in_either_language(site: Site) -> None:
    await site.open("/sign-in")
    assert await site.barriers() == []
    await site.sign_in("admin")
    for language, title in (("it", "Sala"), ("en", "Floor")):
        await site.page.click(f"button[name=language][value={language}]")
        assert await site.page.inner_text("h1") == title
        assert await site.page.get_attribute("html", "lang") == language
        for path in [await one.get_attribute("href") for one in await site.page.query_selector_all("header nav a")]:
            await site.open(str(path))
            assert await site.barriers() == [], (language, path)
        await site.open("/")
    assert site.complaints.lines == []


async def test_the_menu_holds_what_the_role_may_open(site: Site) -> None:
    await site.sign_in("reviewer")
    assert site.page.url.endswith("/review")
    links = await site.page.eval_on_selector_all("header nav a", "all => all.map(one => one.getAttribute('href'))")
    assert links == ["/review", "/recordings", "/originals"]
    await site.open("/calls")
    assert "non permette" in await site.page.inner_text("main")


async def test_the_board_follows_what_happens_without_loading_the_page_anew(site: Site, database: Database) -> None:
    await site.sign_in("supervisor")
    await site.page.evaluate("window.mark = 1")
    assert await site.page.get_by_text("0190-live").count() == 1
    with database.transaction() as session:
        operators.add(session, "4272", "Bruno", ["it"], ["all"], datetime.now(UTC))
    await site.page.get_by_text("Bruno").wait_for(timeout=10_000)
    assert await site.page.evaluate("window.mark") == 1


async def test_by_keyboard_alone_from_signing_in_to_the_calls(site: Site) -> None:
    await site.open("/sign-in")
    keyboard = site.page.keyboard
    await site.page.wait_for_selector("[name=name]:focus")
    await keyboard.type("admin")
    await keyboard.press("Tab")
    await keyboard.type("admin-password")
    await keyboard.press("Enter")
    await site.page.wait_for_selector("nav a", timeout=10_000)
    await keyboard.press("Tab")
    assert await site.page.evaluate("document.activeElement.className") == "skip"
    for _ in range(8):
        await keyboard.press("Tab")
        if await site.page.evaluate("document.activeElement.getAttribute('href')") == "/calls":
            break
    outline = await site.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    await keyboard.press("Enter")
    await site.page.wait_for_url("**/calls")


async def test_a_wrong_password_is_said_where_it_was_given(site: Site) -> None:
    await site.open("/sign-in")
    await site.page.fill("[name=name]", "admin")
    await site.page.fill("[name=password]", "wrong")
    await site.page.keyboard.press("Enter")
    assert await site.page.inner_text("[role=alert]") == "Nome o password non corretti."


def test_every_role_has_a_name_and_every_page_of_the_menu_a_title() -> None:
    from ivr.web.answers import MENU
    from ivr.web.labels import LANGUAGES, labels

    for language in LANGUAGES:
        words = labels(language)
        assert set(words["role"]) == set(access.ROLES)
        assert all(words[name]["title"] for _, name in MENU)
