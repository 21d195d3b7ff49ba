"""The floor's page in a real Chromium, with a controller that has no Asterisk."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.store import calls, operators
from ivr.store.database import Database
from ivr.tickets.embedded import Embedded
from ivr.tickets.outbox import deliver_due
from ivr.tickets.outcome import Policy
from ivr.web.users import add_user
from tests.ivr.controllers import Controller, running
from tests.ivr.web.conftest import LINK_TOKEN, Site

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def controller(database: Database, users: None, tmp_path: Path) -> AsyncIterator[Controller]:
    """Two calls wait in `desk`; `chief` is a supervisor with the code 4272."""
    with database.transaction() as session:
        add_user(session, "chief", "supervisor", "4272", password="chief-password")
    (tmp_path / "controller").mkdir()
    async with running(database, tmp_path / "controller", LINK_TOKEN) as one:
        one.wait("0190-first")
        one.wait("0190-second")
        yield one


async def told(site: Site, part: str, wanted: str) -> None:
    """Until that part of the page says so."""
    await site.until(f"document.querySelector('{part}').innerText.includes({wanted!r})", within=10)


async def test_the_floor_at_a_glance_without_barriers(site: Site, controller: Controller) -> None:
    await site.sign_in("chief")
    for language, state in (("it", "in pausa (pranzo)"), ("en", "paused (lunch)")):
        await site.page.click(f"button[name=language][value={language}]")
        await told(site, "[data-rows=operators]", state)
        assert await site.barriers() == [], language
    await told(site, "[data-rows=queues]", "2 paused")
    assert await site.page.locator("[data-rows=waiting] tbody tr").count() == 2
    assert "471123456" not in await site.page.content(), "nobody's number"
    controller.wait("0190-third")
    await site.page.wait_for_selector("[data-rows=waiting] [value='0190-third']", timeout=5_000)
    assert site.complaints.lines == []


async def test_calls_are_moved_and_states_set_by_keyboard_alone(
    site: Site, controller: Controller, database: Database
) -> None:
    await site.sign_in("chief")
    page, keys = site.page, site.page.keyboard
    await page.focus("[data-rows=waiting] input")
    await keys.press("ArrowDown")
    assert await page.evaluate("document.activeElement.value") == "0190-second"
    await keys.press("Alt+F")
    await told(site, "[data-text=done]", "La chiamata")
    await site.until("document.querySelector('[data-rows=waiting] input').value === '0190-second'", within=5)
    assert await page.evaluate("document.activeElement.value") == "0190-second", "the focus stays with the call"
    await keys.press("Alt+Q")
    await keys.type("tax")
    await keys.press("Alt+M")
    await told(site, "[data-rows=waiting]", "tax")
    assert controller.floor.queue_of("0190-second") == "tax"
    await keys.press("Alt+Q")
    await keys.press("ArrowUp")  # to `empty`
    await keys.press("Alt+M")
    await told(site, "[data-problem]", "Non accettato: nella coda empty non c'è nessuno che possa prenderla")

    await page.focus("[data-rows=operators] input")
    await keys.press("Space")
    await page.select_option("[name=state]", "paused:training")
    await keys.press("Alt+E")
    await told(site, "[data-rows=operators]", "formazione")
    await page.select_option("[name=state]", "signed-out")
    await keys.press("Alt+E")
    await page.wait_for_selector("tr[data-state=signed-out] [value='4271']", timeout=5_000)
    assert controller.floor.state.operators["4271"].presence == "signed-out"


async def test_who_talks_can_be_listened_to_with_a_phone_of_ones_own(
    site: Site, controller: Controller, database: Database
) -> None:
    with database.transaction() as session:
        operators.set_presence(session, "4271", "talking", datetime.now(UTC), call="0190-first")
    await site.sign_in("supervisor")
    assert "codice di operatore" in await site.page.inner_text("main")
    await site.page.check("[value='4271']")
    assert await site.page.is_disabled("[data-act=listen]")
    await site.page.click("form[action='/sign-out'] button")

    await site.sign_in("chief")
    await site.page.check("[value='4271']")
    await site.page.keyboard.press("Alt+T")
    await told(site, "[data-problem]", "nessuno sta parlando con chi chiama")  # it is not so, says its controller
    await site.page.check("[value='4272']")
    assert await site.page.is_disabled("[data-act=take-over]")


async def test_tickets_that_are_late_are_said(site: Site, controller: Controller, database: Database) -> None:
    await site.sign_in("chief")
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    with database.transaction() as session:
        calls.finish(session, "0190-first", ended_at=hour_ago, ticket_due_at=hour_ago, survey={}, outcome="failed")
    await told(site, "[data-problem]", "Ticket in ritardo: 1 da consegnare, il più vecchio da 60 minuti")
    assert deliver_due(database, Embedded(database), Policy(), datetime.now(UTC)) == 1
    await site.until("document.querySelector('[data-problem]').hidden", within=10)
