"""The operators' page in a real Chromium, on a store into which a test writes what controllers would."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser

from ivr.store import calls, operators
from ivr.store.database import Database
from ivr.web.users import add_user
from tests.ivr.controllers import running
from tests.ivr.web.conftest import LINK_TOKEN, Site, make

pytestmark = pytest.mark.asyncio(loop_scope="session")
CALL, OTHER = "0190-mine", "0190-others"
CALLER = "+390471123456"


@pytest.fixture(autouse=True)
def facts(database: Database) -> None:
    """Operator 4271 is signed out; a call waits for them, and a former one of the same number was served by 4272."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        for code in ("4271", "4272"):
            operators.add(session, code, f"Name {code}", ["it"], ["all"], now)
        for call, began in ((CALL, now - timedelta(seconds=70)), (OTHER, now - timedelta(days=2))):
            calls.start(
                session, id=call, channel=f"{call}-c", controller="1", called="+390600000001", caller=CALLER,
                flow="sportello", started_at=began,
            )  # fmt: skip
        calls.finish(session, OTHER, ended_at=now, ticket_due_at=now, survey={}, outcome="served")
    journey(database, CALL, ("ticket", "why", {"type": "", "subject": "Bollette"}), ("queue", "w", {"queue": "desk"}))
    journey(database, OTHER, ("connected", "4272", {}))


def journey(database: Database, call: str, *entries: tuple[str, str, dict[str, str]]) -> None:
    with database.transaction() as session:
        first = len(calls.journey(session, call)) + 1
        rows = [
            {"call_id": call, "seq": seq, "at": datetime.now(UTC), "kind": kind, "node": node, "detail": detail}
            for seq, (kind, node, detail) in enumerate(entries, first)
        ]
        calls.add_journey(session, rows)


def stands(database: Database, state: str, call: str = "") -> None:
    with database.transaction() as session:
        operators.set_presence(session, "4271", state, datetime.now(UTC), call=call)


async def becomes(site: Site, state: str) -> None:
    await site.page.wait_for_selector(f"[data-desk][data-state={state}]", timeout=5_000)


async def test_the_page_follows_the_operator_through_a_call_without_being_loaded_anew(
    site: Site, database: Database
) -> None:
    await site.sign_in("operator")
    assert site.page.url.endswith("/desk")
    await site.page.evaluate("window.mark = 1")
    for language in ("it", "en"):
        await site.page.click(f"button[name=language][value={language}]")
        for state, call in (
            ("signed-out", ""), ("ready", ""), ("offered", CALL), ("talking", CALL), ("wrap-up", CALL), ("paused", ""),
        ):  # fmt: skip
            stands(database, state, call)
            await becomes(site, state)
            assert await site.page.locator("[data-work]").is_visible() == bool(call)
            assert await site.barriers() == [], (language, state)
    await site.page.evaluate("window.mark = 1")
    stands(database, "offered", CALL)
    await becomes(site, "offered")
    assert await site.page.evaluate("window.mark") == 1
    text = await site.page.inner_text("[data-work]")
    assert "Reason: Bollette" in text and "Waits in the queue desk" in text and "served 1" in text
    assert CALLER not in await site.page.content()
    journey(database, CALL, ("connected", "4271", {}))
    await site.page.wait_for_selector("text=Operator 4271 answered", timeout=5_000)
    # There is no telephone exchange here; nothing else may be complained of.
    assert not [line for line in site.complaints.lines if "/desk/sip" not in line and "503" not in line]


async def test_outcome_and_note_by_keyboard_reach_the_store_and_stay_with_their_call(
    site: Site, database: Database
) -> None:
    await site.sign_in("operator")
    journey(database, CALL, ("connected", "4271", {}))
    stands(database, "wrap-up", CALL)
    await becomes(site, "wrap-up")
    keys = site.page.keyboard
    await keys.press("Alt+N")
    assert await site.page.evaluate("document.activeElement.name") == "note"
    await keys.type("Richiamare")
    await keys.press("Alt+4")
    stands(database, "ready")  # before the note was saved by itself
    await becomes(site, "ready")

    def saved() -> tuple[str, str]:
        with database.read() as session:
            call = calls.get(session, CALL)
            assert call is not None
            return call.disposition, call.note

    for _ in range(50):
        if saved() == ("PA", "Richiamare"):
            break
        await site.page.wait_for_timeout(100)
    assert saved() == ("PA", "Richiamare")
    stands(database, "wrap-up", CALL)
    await becomes(site, "wrap-up")
    assert await site.page.input_value("[name=note]") == "Richiamare"
    assert await site.page.is_checked("[value=PA]")


async def test_an_outcome_that_was_forgotten_can_still_be_given(site: Site, database: Database) -> None:
    now = datetime.now(UTC)
    journey(database, CALL, ("connected", "4271", {}))
    stands(database, "ready")
    await site.sign_in("operator")
    await becomes(site, "ready")
    with database.transaction() as session:
        facts = {"outcome": "served", "operator": "4271", "queue": "desk", "language": "it", "talked": 61.0}
        calls.finish(session, CALL, ended_at=now, ticket_due_at=now, survey={}, **facts)  # while the page is open
    row = site.page.locator("[data-recent] tr.missing")
    await row.wait_for(timeout=5_000)
    assert "1:01" in await row.inner_text()
    assert await site.barriers() == []
    await row.locator("select").select_option("I")
    for _ in range(50):
        with database.read() as session:
            call = calls.get(session, CALL)
        if call is not None and call.disposition == "I":
            break
        await site.page.wait_for_timeout(100)
    assert call is not None and call.disposition == "I"


async def test_of_anothers_call_an_operator_may_write_nothing(site: Site, database: Database) -> None:
    await site.sign_in("operator")
    write = f"""fetch("/desk/calls/{OTHER}/note", {{
      method: "PUT", headers: {{ "Content-Type": "application/json" }}, body: JSON.stringify({{ note: "x" }}),
    }}).then((answer) => answer.status)"""
    assert await site.page.evaluate(write) == 404
    with database.read() as session:
        call = calls.get(session, OTHER)
        assert call is not None and call.note == ""


async def test_without_a_microphone_the_page_says_what_to_do(site: Site, database: Database) -> None:
    await site.sign_in("operator")
    await site.page.keyboard.press("Alt+R")
    await site.page.wait_for_selector("[role=alert]:visible", timeout=5_000)
    assert "microfono" in await site.page.inner_text("[role=alert]:visible")
    await becomes(site, "signed-out")


async def test_the_buttons_of_a_conversation_show_how_it_stands(site: Site, database: Database) -> None:
    stands(database, "talking", CALL)
    with database.transaction() as session:
        operators.set_presence(session, "4272", "ready", datetime.now(UTC))
    await site.sign_in("operator")
    page = site.page

    async def shown(*wanted: str) -> None:
        acts = "[...document.querySelectorAll('.call [data-act]')].filter(one => one.checkVisibility())"
        names = f"{acts}.map(one => one.dataset.act + (one.ariaPressed === 'true' ? '!' : '')).join(' ')"
        await site.until(f"{names} === {' '.join(wanted)!r}", within=5)

    always = ("keypad", "hang-up")
    await shown(*always)  # the two are not connected yet
    own = {"operator": "4271"}
    journey(database, CALL, ("operator", "w", {"recording": "on"}), ("connected", "4271", {}))
    alone = ("hold", "mute", "pause-recording", *always, "transfer", "consult")
    await shown(*alone)
    journey(database, CALL, ("held", "", own), ("muted", "", own), ("recording-paused", "", own))
    await shown("hold!", "mute!", "pause-recording!", *alone[3:])
    journey(database, CALL, ("resumed", "", own), ("unmuted", "", own), ("recording-resumed", "", own))
    await shown(*alone)
    assert await site.barriers() == []
    await page.wait_for_selector("[value='operator:4272']:not(:disabled)", state="attached")
    with database.transaction() as session:
        operators.set_presence(session, "4272", "paused", datetime.now(UTC), reason="lunch")
    await page.focus("[data-target]")
    await page.wait_for_selector("[value='operator:4272']:disabled", state="attached")

    journey(database, CALL, ("consulting", "", own | {"to": "@4272"}))
    await shown("mute", "pause-recording", *always, "return")
    journey(database, CALL, ("consulted", "", own | {"other": "4272"}))
    await shown("mute", "pause-recording", *always, "conference", "complete", "return")
    assert await page.inner_text("[data-text=with]") == "Parli con 4272; chi chiama ascolta la musica."
    journey(database, CALL, ("three-way", "", own | {"other": "4272"}))
    await shown("mute", "pause-recording", *always, "complete", "return")
    assert await site.barriers() == []
    journey(database, CALL, ("connected", "4272", {}))  # and now it is the other's call
    await shown(*always)


async def test_whom_nobody_chose_or_a_controller_refused_is_said_in_words(
    database: Database, users: None, tmp_path: Path, flows: Path, browser: Browser
) -> None:
    (tmp_path / "controller").mkdir()
    async with (
        running(database, tmp_path / "controller", LINK_TOKEN) as controller,
        TestServer(make(tmp_path, database, flows)) as server,
    ):
        controller.wait("a")
        journey(database, "a", ("connected", "4271", {}))
        stands(database, "talking", "a")
        site = Site(await browser.new_page(locale="en-GB"), str(server.make_url("")).rstrip("/"))
        await site.sign_in("operator")
        await becomes(site, "talking")
        problem, keys = site.page.locator("[data-problem]"), site.page.keyboard
        await site.page.wait_for_selector("[data-act=transfer]:visible")
        await keys.press("Alt+T")
        assert await problem.inner_text() == "Choose a queue or a colleague first."
        assert await site.page.evaluate("document.activeElement.matches('[data-target]')")
        await keys.press("Alt+H")
        await site.until("document.querySelector('[data-problem]').textContent.includes('nobody is speaking')", 5)
        assert await problem.inner_text() == "Not accepted: nobody is speaking with this caller"


async def test_a_supervisor_has_a_desk_when_they_have_a_code(site: Site, database: Database) -> None:
    with database.transaction() as session:
        add_user(session, "chief", "supervisor", "4272", password="chief-password")
    await site.sign_in("chief")
    await site.page.click("nav a[href='/desk']")
    await becomes(site, "signed-out")
    assert "4272" in await site.page.inner_text("h1")
    await site.page.click("form[action='/sign-out'] button")
    await site.sign_in("supervisor")
    assert await site.page.locator("nav a[href='/desk']").count() == 0
    await site.open("/desk")
    assert "codice di operatore" in await site.page.inner_text("main")
