"""Break-glass by the API and in a real Chromium: nobody hears an original by role alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession

from ivr.cli.vault import open_vault
from ivr.settings import load
from ivr.store import audit
from ivr.store.database import Database
from ivr.store.schema import OriginalRequest
from ivr.web import access
from recordings.ingest import ingest
from tests.ivr.web.conftest import Site
from tests.ivr.web.test_access import basic
from tests.recordings.conftest import ROME, add_call
from tests.recordings.spooled import spooled

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOUND = bytes(range(256)) * 40
AUDIO = "/recordings/call-1/audio"


@pytest.fixture(autouse=True)
def recorded(database: Database, tmp_path: Path) -> None:
    add_call(database, "call")
    folder = spooled(tmp_path, "call-1", SOUND)
    assert ingest(database, open_vault(load(tmp_path, environment={})), folder, ROME)


async def ask(address: str, method: str, path: str, role: str, body: object = None) -> tuple[int, str]:
    async with ClientSession() as web, web.request(method, address + path, json=body, headers=basic(role)) as answer:
        return answer.status, await answer.text()


async def test_asked_for_approved_by_another_heard_and_over(address: str, database: Database) -> None:
    for role in access.ROLES:
        status, text = await ask(address, "GET", AUDIO, role)
        assert status == 403, role
        assert ("ask for this original first" in text) == (role in access.ASK_FOR_ORIGINALS)
    path = "/api/recordings/call-1/originals"
    assert (await ask(address, "POST", path, "privacy-officer", {"reason": " "}))[0] == 400
    assert (await ask(address, "POST", path, "privacy-officer", {}))[0] == 400
    assert (await ask(address, "POST", "/api/recordings/none/originals", "reviewer", {"reason": "x"}))[0] == 404
    for role in ("reviewer", "privacy-officer"):
        assert (await ask(address, "POST", path, role, {"reason": "complaint 17"}))[0] == 201
    assert "nobody has approved yet" in (await ask(address, "GET", AUDIO, "reviewer"))[1]
    for number, role, status in ((1, "reviewer", 403), (1, "supervisor", 403), (2, "privacy-officer", 409)):
        assert (await ask(address, "POST", f"/api/originals/{number}/approval", role))[0] == status
    assert (await ask(address, "POST", "/api/originals/1/approval", "privacy-officer"))[0] == 200
    assert (await ask(address, "POST", "/api/originals/1/approval", "admin"))[0] == 409
    async with ClientSession() as web, web.get(address + AUDIO, headers=basic("reviewer")) as answer:
        assert answer.status == 200 and (await answer.read())[44:] == SOUND
    for role in ("supplier-reviewer", "privacy-officer", "admin", "supervisor"):
        assert (await ask(address, "GET", AUDIO, role))[0] == 403, "it is the other's"
    with database.read() as session:
        (heard,) = audit.find(session, action="listen")
    assert (heard.user, heard.subject, heard.detail) == ("reviewer", "call-1", "original, by request 1")
    with database.transaction() as session:
        session.get_one(OriginalRequest, 1).until = datetime.now(UTC) - timedelta(seconds=1)
    status, text = await ask(address, "GET", AUDIO, "reviewer")
    assert status == 403 and text.startswith("your time for this original ended at ")


async def test_each_sees_their_own_requests(address: str) -> None:
    for role in ("reviewer", "supplier-reviewer"):
        await ask(address, "POST", "/api/recordings/call-1/originals", role, {"reason": f"why {role}"})
    for role, count in (("reviewer", 1), ("supplier-reviewer", 1), ("supervisor", 0), ("privacy-officer", 2)):
        assert (await ask(address, "GET", "/api/originals", role))[1].count('"reason"') == count


async def test_in_the_browser_from_the_recording_to_its_sound(site: Site, other_site: Site) -> None:
    await site.sign_in("reviewer")
    await site.open("/recordings")
    assert await site.page.locator("audio").count() == 0
    await site.page.click("text=Chiedi l’originale")
    assert await site.page.input_value("[name=recording]") == "call-1"
    await site.page.fill("[name=reason]", "reclamo 17")
    await site.page.keyboard.press("Enter")
    await site.page.wait_for_url("**/originals")
    assert "non ancora" in await site.page.inner_text("tbody")
    assert await site.page.locator("text=Approva 1").count() == 0
    await other_site.sign_in("privacy-officer")
    await other_site.open("/originals")
    await other_site.page.fill("[name=recording]", "none")
    await other_site.page.fill("[name=reason]", "x")
    await other_site.page.keyboard.press("Enter")
    assert "non esiste" in await other_site.page.inner_text("[role=alert]")
    await other_site.page.click("text=Approva 1")
    await other_site.page.wait_for_url("**/originals")
    assert "privacy-officer" in await other_site.page.inner_text("tbody")
    for path in ("/originals", "/recordings"):
        await site.open(path)
        await site.page.evaluate("document.querySelector('audio').load()")
        await site.until("document.querySelector('audio').play(); document.querySelector('audio').readyState > 0")
        assert await site.barriers() == [] and site.complaints.lines == []
    assert await other_site.barriers() == []
    await other_site.open(AUDIO)
    assert "ora non si può ascoltare" in await other_site.page.inner_text("main")
