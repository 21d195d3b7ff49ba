"""The reviewers' page in a real Chromium: search, a sample, the player, the evaluation; by keyboard alone."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page

from ivr.cli.vault import open_vault
from ivr.settings import load
from ivr.store import audit, calls, operators
from ivr.store.database import Database
from ivr.store.schema import Anonymisation, Recording
from ivr.tickets import embedded
from ivr.tickets.embedded import Embedded
from ivr.tickets.outbox import deliver_due
from ivr.tickets.outcome import Policy
from recordings import belongings, samples
from recordings.drawing import Plan, draw
from recordings.pseudonyms import pseudonym
from tests.browser import LISTEN
from tests.ivr.web.conftest import PSEUDONYMS, Site
from tests.recordings.conftest import MORNING
from tests.recordings.heard import ANONYMISED_TONE, anonymise, record, speech, wav
from tests.recordings.house import ROME

pytestmark = pytest.mark.asyncio(loop_scope="session")
CRITERIA = ("correctness", "completeness", "clarity", "proactivity", "courtesy")
NAME = pseudonym("4271", PSEUDONYMS)
SURVEY: dict[str, dict[str, int | None]] = {"after": {"clear": None}}


@pytest.fixture(autouse=True)
def recordings(database: Database, tmp_path: Path) -> None:
    """`call-0` to `call-2` can be heard, 8 s each; `call-3` is not anonymised yet. In `call-2`, the newest of the
    three, the caller was on hold from 1 s to 3 s."""
    vault = open_vault(load(tmp_path, environment={}))
    with database.transaction() as session:
        operators.add(session, "4271", "Anna", ["it"], ["all"], datetime.now(UTC))
    for number in range(4):
        call, begun = f"call-{number}", MORNING + timedelta(minutes=number)
        record(database, vault, tmp_path / "spool", call, started=begun)
        end, queue = begun + timedelta(minutes=1), "tax" if number == 0 else "app"
        with database.transaction() as session:
            told = {"operator": "4271", "queue": queue, "outcome": "served", "language": "it"}
            calls.finish(session, call, ended_at=end, ticket_due_at=end, survey=SURVEY, **told)
            if number == 2:
                noted = ((0, "connected"), (1, "held"), (3, "resumed"), (8, "conversation-ended"))
                calls.add_journey(
                    session,
                    [
                        {
                            "call_id": call, "seq": seq, "at": begun + timedelta(seconds=at), "kind": kind,
                            "node": "4271" if kind == "connected" else "", "detail": {},
                        }
                        for seq, (at, kind) in enumerate(noted, 1)
                    ],
                )  # fmt: skip
        if number < 3:
            covered = [{"start": 4.0, "end": 5.0, "kind": "key"}, {"start": 5.0, "end": 6.0, "kind": "iban"}]
            anonymise(database, vault, f"{call}-1", wav(speech(ANONYMISED_TONE, 8)), covered=covered)


async def text(page: Page, name: str) -> str:
    return await page.inner_text(f"[data-text={name}]")


async def opens(site: Site, call: str) -> None:
    await site.page.click(f"[data-results] button[value='{call}-1']")
    await site.until(f"document.querySelector('[data-results] [data-id=\"{call}-1\"]').ariaCurrent === 'true'")


def heard(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        found = audit.find(session)
    return [(one.action, one.subject) for one in reversed(found) if one.action.endswith("-anonymised")]


async def test_without_barriers_in_both_languages(site: Site) -> None:
    await site.sign_in("reviewer")
    assert site.page.url.endswith("/review"), "where a reviewer begins"
    for language, word in (("it", "Correttezza"), ("en", "Correctness")):
        await site.page.click(f"button[name=language][value={language}]")
        await site.page.wait_for_selector("[data-results] button")
        for summary in await site.page.locator("summary").all():
            if await summary.is_visible():
                await summary.click()
        assert await site.barriers() == [], language
        await opens(site, "call-2")
        await site.until("document.querySelector('[data-wave] > div')?.shadowRoot.querySelectorAll('canvas').length")
        assert word in await site.page.inner_text("[data-form=evaluation]")
        assert site.complaints.lines == []
        assert await site.barriers() == [], language
        site.complaints.lines.clear()  # axe puts styles of its own into the picture's shadow tree: our policy refuses
    assert "4271" not in await site.page.content() and NAME in await site.page.content()


async def test_a_complaint_names_a_ticket_and_its_anonymised_recording_is_heard(site: Site, database: Database) -> None:
    """From the ticket's page for who may open it; with the number alone for a reviewer."""
    deliver_due(database, Embedded(database), Policy(), datetime.now(UTC))
    with database.read() as session:
        numbers = {one.call_id: one.number for one in embedded.recent(session)}
    await site.sign_in("supervisor")
    await site.open(f"/tickets/{numbers['call-1']}")
    await site.page.click("text=Registrazione anonimizzata")
    await site.page.wait_for_selector("[data-opened]:not([hidden]) [data-act=play]")
    assert "/review?recording=call-1-1" in site.page.url
    await site.page.click("form[action='/sign-out'] button")
    await site.sign_in("reviewer")
    await site.open(f"/review?ticket={numbers['call-0']}")
    await site.page.wait_for_selector("[data-results] tbody tr:only-child button[value=call-0-1]")
    assert await site.page.input_value("[name=ticket]") == str(numbers["call-0"])
    await opens(site, "call-0")
    await site.page.wait_for_selector("[data-opened]:not([hidden]) [data-act=play]")
    assert ("listen-anonymised", "call-0-1") in heard(database) and site.complaints.lines == []


async def test_the_sound_is_the_anonymised_one_with_its_marks_speed_and_silence_skipped(
    site: Site, database: Database
) -> None:
    await site.page.add_init_script(
        "window.all = []; const Of = Audio;"
        "window.Audio = class extends Of { constructor(...given) { super(...given); all.push(this); } };"
    )
    await site.sign_in("reviewer")
    await site.page.wait_for_selector("[data-results] button")
    await opens(site, "call-2")
    facts = (await site.page.inner_text("[data-facts]")).split("\n")
    assert "servita" in facts and "italiano" in facts, "in the words of the page"
    marks = await site.page.inner_text("[data-marks]")
    for mark in ("In attesa 0:01–0:03", "Tasti coperti 0:04–0:05", "Dati personali coperti 0:05–0:06"):
        assert mark in marks
    assert await site.page.locator("[data-spans] .hold").count() == 1
    assert await site.page.locator("[data-spans] .covered").count() == 2
    assert "Profilo clear: Voci cambiate" in await text(site.page, "standing")
    await site.until("document.querySelector('[data-wave] > div')?.shadowRoot.querySelectorAll('canvas').length >= 4")
    await site.page.select_option("[data-speed]", "2")
    await site.page.click("[data-act=play]")
    await site.until("all[0].currentTime > 0.2")
    await site.page.evaluate(f"({LISTEN})(all[0].captureStream())")
    await site.until("window.heard.level > -40", within=5)
    hertz = await site.page.evaluate("window.heard.hertz")
    assert hertz == pytest.approx(ANONYMISED_TONE, abs=60), "not the original"
    assert await site.page.evaluate("all[0].playbackRate") == 2
    await site.until("document.querySelector('[data-text=position]').innerText === '0:02 di 0:08'", within=5)
    await site.page.click("[data-act=play]")
    await site.page.evaluate("all[0].currentTime = 1.9")
    await site.page.check("[data-skip]")
    await site.page.select_option("[data-speed]", "0.75")
    await site.page.click("[data-act=play]")
    await site.until("all[0].currentTime >= 5.8", within=2.5)  # to play those four seconds would take more than five
    await site.page.click("[data-marks] button")
    await site.until("all[0].currentTime < 2")
    assert site.complaints.lines == []


async def test_what_is_not_anonymised_is_said_to_be_so_and_cannot_be_heard(site: Site, database: Database) -> None:
    await site.sign_in("reviewer")
    await site.page.wait_for_selector("[data-results] button")
    assert "in anonimizzazione" in await site.page.inner_text("[data-id=call-3-1]")
    await opens(site, "call-3")
    assert "in corso di anonimizzazione" in await text(site.page, "standing")
    assert not await site.page.is_visible("[data-player]") and not await site.page.is_visible("[data-form=evaluation]")
    assert ("listen-anonymised", "call-3-1") not in heard(database) and site.complaints.lines == []
    with database.transaction() as session:
        job = session.get_one(Anonymisation, "call-3-1")
        job.state, job.problem = "failed", "damaged"
    await site.page.reload()
    await site.until("document.querySelector('[data-text=standing]').innerText.includes('danneggiato')", within=5)
    assert "anonimizzazione non riuscita" in await site.page.inner_text("[data-id=call-3-1]")
    assert not await site.page.is_visible("[data-player]")


async def test_a_copy_that_is_made_meanwhile_can_be_heard_in_the_open_page(
    site: Site, database: Database, tmp_path: Path
) -> None:
    vault = open_vault(load(tmp_path, environment={}))
    record(database, vault, tmp_path / "spool", "call-4", started=MORNING)
    await site.sign_in("reviewer")
    await site.page.wait_for_selector("[data-results] button")
    await opens(site, "call-3")
    await site.page.focus("[data-samples]")
    anonymise(database, vault, "call-3-1", wav(speech(ANONYMISED_TONE, 8)), covered=[])
    with database.transaction() as session:
        session.get_one(Anonymisation, "call-4-1").state = "failed"
    await site.page.wait_for_selector("[data-player]:not([hidden])", timeout=10_000)
    assert "si può ascoltare" in await text(site.page, "done")
    assert "Profilo clear" in await text(site.page, "standing")
    assert await site.page.is_visible("[data-form=evaluation]")
    assert await site.page.evaluate("document.activeElement.matches('[data-samples]')"), "the focus stays"
    await site.until("document.querySelector('[data-id=call-3-1] .state-of').innerText === 'ascoltabile'", within=5)
    await site.until("document.querySelector('[data-id=call-4-1] .state-of').innerText.includes('riuscita')", within=5)
    await site.until(
        "document.querySelector('[data-wave] > div')?.shadowRoot.querySelectorAll('canvas').length", within=5
    )
    assert heard(database).count(("listen-anonymised", "call-3-1")) == 1 and site.complaints.lines == []


async def test_sound_that_cannot_be_had_is_said_and_another_can_be_opened(site: Site, tmp_path: Path) -> None:
    (file,) = (tmp_path / "recordings").rglob("call-2-1.anonymised")
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    await site.sign_in("reviewer")
    await site.page.wait_for_selector("[data-results] button")
    await site.page.click("[data-results] button[value='call-2-1']")
    await site.until("!document.querySelector('[data-problem]').hidden", within=5)
    await site.page.click("[data-results] button[value='call-0-1']")
    await opens(site, "call-1")
    await site.until(
        "document.querySelector('[data-wave] > div')?.shadowRoot.querySelectorAll('canvas').length", within=5
    )
    assert await site.page.is_hidden("[data-problem]")


async def test_a_sample_from_the_first_to_the_last_by_keyboard_alone(site: Site, database: Database) -> None:
    draw(database, Plan(name="q1", size=4, seed=1, by=["queue"]), zone=ROME, key=PSEUDONYMS, veiled=True, user="chief")
    await site.sign_in("reviewer")
    page, keys = site.page, site.page.keyboard
    await page.wait_for_selector("[data-samples] option[value=q1]", state="attached")
    await keys.press("Alt+C")
    await keys.type("q1")
    await site.until("document.querySelector('[data-text=progress]').innerText === '0 di 4 valutate'", within=5)
    await page.wait_for_selector("[data-results] .state-of >> text=da valutare")
    await page.focus("[data-results] tr:not(:has-text('anonimizzazione')) button")
    await keys.press("Enter")
    for done in range(1, 4):
        await site.until("document.activeElement.matches('[data-text=opened]')", within=5)
        if done < 3:
            await site.until("document.querySelector('[data-text=done]').innerText.includes('pronta')", within=5)
        await keys.press("Alt+P")
        await site.until("document.querySelector('[data-act=play]').innerText.includes('Pausa')", within=5)
        await page.focus("[name=correctness][value='1']")
        for _ in CRITERIA:
            await keys.press("ArrowRight")
            await keys.press("ArrowRight")
            await keys.press("Tab")
        await keys.type(f"=commento {done}")
        await keys.press("Alt+S")
        await site.until(
            f"document.querySelector('[data-text=progress]').innerText === '{done} di 4 valutate'", within=5
        )
        assert "3.00" in await text(page, "score") or "3.00" in await text(page, "done")
        await keys.press("Alt+N")
    await site.until("document.querySelector('[data-text=done]').innerText.includes('ultima')", within=5)
    actions = heard(database)
    assert [action for action, _ in actions if action.startswith("listen")] == ["listen-anonymised"] * 3
    opened = [subject for action, subject in actions if action.startswith("listen")]
    assert len(set(opened)) == 3
    assert [subject for action, subject in actions if action.startswith("prepare")] == opened[1:], "ready beforehand"
    async with page.expect_download() as coming:
        await page.click("[data-export=csv]")
    content = (await (await coming.value).path()).read_text("utf-8-sig")
    lines = list(csv.reader(io.StringIO(content, newline="")))
    assert len(lines) == 4 and {line[-1] for line in lines[1:]} == {f"'=commento {one}" for one in (1, 2, 3)}
    assert site.complaints.lines == []


async def test_of_a_sample_what_was_deleted_is_said_with_its_day_and_is_no_work(site: Site, database: Database) -> None:
    draw(database, Plan(name="q1", size=4, seed=1), zone=ROME, key=PSEUDONYMS, veiled=True, user="chief")
    gone_at = MORNING + timedelta(days=181)
    with database.transaction() as session:
        samples.mark(session, "q1", "call-0-1", "reviewed", "reviewer")
        samples.mark(session, "q1", "call-2-1", "reviewed", "reviewer")
        belongings.forget(session, ["call-0-1", "call-1-1"])
        for id in ("call-0-1", "call-1-1"):
            session.get_one(Recording, id).purged_at = gone_at
    await site.sign_in("reviewer")
    day = f"{gone_at.astimezone(ROME):%d/%m/%y}"
    for language, unheard, heard, progress in (
        (
            "it",
            f"cancellata il {day} dopo 180 giorni",
            "valutata, cancellata il",
            "2 di 3 valutate; cancellate prima",
        ),
        ("en", "after 180 days", "reviewed, deleted on", "2 of 3 reviewed; deleted before"),
    ):
        await site.page.click(f"button[name=language][value={language}]")
        await site.open("/review?sample=q1")
        await site.page.wait_for_selector("[data-id=call-1-1]")
        for id, told in (("call-1-1", unheard), ("call-0-1", heard)):
            assert told in await site.page.inner_text(f"[data-id={id}] .state-of")
            assert await site.page.locator(f"[data-id={id}] button").count() == 0
        assert await site.page.locator("[data-results] button").count() == 2
        told = await text(site.page, "progress")
        assert progress in told and told.endswith(": 1")
        await site.page.click("summary:has-text('Strati del campione'), summary:has-text('Strata of the sample')")
        cells = await site.page.locator("[data-strata] tbody td").all_inner_texts()
        assert cells[:3] == ["–", "4", "4"] and cells[4] == "2" and cells[5] != cells[3]
        assert await site.barriers() == [], language
    assert site.complaints.lines == []


async def test_the_search_and_a_sample_drawn_from_it(site: Site) -> None:
    await site.sign_in("reviewer")
    page = site.page
    await page.wait_for_selector("[data-results] button")
    assert await page.locator("[data-results] tbody tr").count() == 4
    await page.fill("[data-form=search] [name=queue]", "app")
    await page.keyboard.press("Enter")
    await site.until("document.querySelectorAll('[data-results] tbody tr').length === 3", within=5)
    await page.click("summary:has-text('Estrai')")
    await page.fill("[data-form=draw] [name=name]", "app-1")
    await page.fill("[data-form=draw] [name=size]", "2")
    await page.check("[data-form=draw] [name=by][value=duration]")
    await page.fill("[data-form=draw] [name=question]", "clear")
    await page.keyboard.press("Enter")
    await site.until("document.querySelectorAll('[data-results] tbody tr').length === 2", within=5)
    assert re.search(r"\?sample=app-1$", page.url)
    await page.click("summary:has-text('Strati del campione')")
    assert await page.inner_text("[data-strata] th:first-child") == "Strato: Durata, Sondaggio"
    assert (await page.inner_text("[data-strata] tbody")).startswith("-60, clear:none")
    await page.fill("[data-form=search] [name=operator]", "4271")
    await page.click("[data-form=search] > button")
    await site.until("!document.querySelector('[data-problem]').hidden", within=5)
    problem = await page.inner_text("[data-problem]")
    assert "Operatore: «4271» non è uno pseudonimo" in problem, "the reason: reviewers search by pseudonym"
    await site.open("/review?recording=none")
    await site.until("document.querySelector('[data-problem]').innerText.includes('registrazione none non')", within=5)
