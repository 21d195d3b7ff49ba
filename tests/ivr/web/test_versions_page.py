"""Publishing from the page in a real Chromium: with a note, refused when unsound, taken back, compared, and audited."""

from pathlib import Path

import pytest
from sqlalchemy import select

from ivr.store import flow_versions
from ivr.store.database import Database
from ivr.store.schema import AuditEntry
from tests.ivr.web.conftest import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")
FAILING = """\
flow: sportello
tests:
  - name: the caller is served
    caller: "+390612345678"
    at: 2026-11-24T10:00
    steps: [{hear: welcome}, {press: "2"}, {queue: desk}]
"""


async def publish(site: Site, note: str) -> None:
    await site.page.fill("form[action='/flow-versions'] [name=note]", note)
    await site.page.click("form[action='/flow-versions'] button")


def change(flows: Path, old: str, new: str) -> None:
    file = flows / "sportello.flow.yaml"
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")


def active(database: Database) -> int:
    with database.read() as session:
        return flow_versions.active_number(session)


async def test_published_changed_compared_and_taken_back(site: Site, database: Database, flows: Path) -> None:
    await site.sign_in("designer")
    await publish(site, "prima versione")
    await site.page.wait_for_selector("text=uguale alla versione attiva")
    assert active(database) == 1
    change(flows, "Arrivederci.", "A presto.")
    await site.open("/flows")
    await site.page.click("text=Vedere le modifiche")
    assert "Arrivederci." in await site.page.inner_text("main") and "A presto." in await site.page.inner_text("main")
    assert await site.barriers() == []
    await site.open("/flows")
    await publish(site, "saluto nuovo")
    await site.page.wait_for_selector("tr:has-text('saluto nuovo') >> text=attiva dal")
    await site.page.click("text=1 → 2")
    assert "A presto." in await site.page.inner_text("main")
    # Either version can be looked at and called.
    for version, words in (("1", "Arrivederci."), ("2", "A presto.")):
        await site.open(f"/flows/{version}/sportello")
        assert words in await site.page.inner_text("main")
        await site.page.fill("[name=at]", "2026-11-24T10:00")
        await site.page.check("[name=unstaffed]")
        await site.page.uncheck("[name=sound]")
        await site.page.click("[data-begin] button")
        await site.page.click("[data-key='1']")
        await site.page.wait_for_selector(f"[data-journey] >> text={words}")
    await site.open("/flows")
    assert await site.barriers() == []
    await site.page.fill("form[action='/flow-versions/1'] [name=note]", "si torna indietro")
    await site.page.click("form[action='/flow-versions/1'] button")
    await site.page.wait_for_selector("tr:has-text('prima versione') >> text=attiva dal")
    assert active(database) == 1
    with database.read() as session:
        audited = session.scalars(select(AuditEntry).where(AuditEntry.action.startswith("flow "))).all()
        assert [(one.user, one.action, one.subject) for one in audited] == [
            ("designer", "flow publish", "version 1"),
            ("designer", "flow publish", "version 2"),
            ("designer", "flow rollback", "version 1"),
        ]
        assert [one.note for one in flow_versions.activations(session)] == [
            "si torna indietro",
            "saluto nuovo",
            "prima versione",
        ]
    assert site.complaints.lines == []


async def test_what_is_unsound_is_not_published_and_the_page_says_why(
    site: Site, database: Database, flows: Path
) -> None:
    await site.sign_in("admin")
    await site.open("/flows")
    change(flows, "1: waiting", "1: wating")
    await publish(site, "sbagliata")
    await site.page.wait_for_selector("[role=alert] >> text=il controllo segnala errori")
    assert await site.page.locator("tr", has_text="wating").count() == 1
    change(flows, "1: wating", "1: waiting")
    (flows / "tests").mkdir()
    (flows / "tests/sportello.test.yaml").write_text(FAILING)
    await publish(site, "prova che non riesce")
    await site.page.wait_for_selector("[role=alert] >> text=alcune prove")
    assert "the caller is served" in await site.page.inner_text("[role=alert]")
    assert await site.barriers() == []
    assert active(database) == 0


async def test_a_supervisor_reads_and_does_not_publish(site: Site, database: Database) -> None:
    await site.sign_in("supervisor")
    await site.open("/flows")
    assert await site.page.locator("form[action^='/flow-versions']").count() == 0
    for path in ("/flow-versions", "/flow-versions/1"):
        request = f"fetch('{path}', {{method: 'POST', body: new URLSearchParams({{note: 'x'}})}})"
        assert await site.page.evaluate(f"{request}.then(one => one.status)") == 403
    assert active(database) == 0
