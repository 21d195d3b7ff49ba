"""`/tickets` by keyboard in a real Chromium, the same as JSON and as spreadsheets, and who may what."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientSession
from sqlalchemy import update

from ivr.store import audit, calls, outbox
from ivr.store.database import Database
from ivr.store.numbers import pseudonym
from ivr.store.schema import Ticket
from ivr.tickets.embedded import Embedded
from ivr.tickets.outbox import deliver_due
from ivr.tickets.outcome import Draft, Policy
from ivr.web import access
from tests.ivr.test_spreadsheets import rows_of
from tests.ivr.web.conftest import CALLERS, Site
from tests.ivr.web.test_access import basic

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUMBER = "+390612345678"


@pytest.fixture(autouse=True)
def made(database: Database) -> None:
    """A call with its ticket, 1; and 59 more."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        calls.start(
            session, id="c", channel="c", controller="x", called="1", caller=NUMBER, flow="f", started_at=now
        )  # fmt: skip
        calls.add_journey(
            session,
            [{"call_id": "c", "seq": 1, "at": now, "kind": "queue", "node": "n", "detail": {"queue": "desk"}}],
        )
        said = {"subject": "<b>Pagamento</b> non riuscito", "fields": {"reason": "pagamento"}}
        calls.finish(
            session, "c", ended_at=now, ticket_due_at=now, survey={}, outcome="served", ticket=said, queue="desk"
        )
    deliver_due(database, Embedded(database), Policy(), now)
    Embedded(database).put([Draft(f"c{n}", "B", f"=1+{n} other") for n in range(59)])


async def ask(address: str, method: str, path: str, body: Any = None, role: str = "operator") -> tuple[int, Any]:
    async with ClientSession() as web, web.request(method, address + path, json=body, headers=basic(role)) as answer:
        told = await answer.read()
        return answer.status, await answer.json() if answer.content_type == "application/json" else told.decode()


async def test_by_keyboard_alone_found_taken_answered_and_closed(site: Site, database: Database) -> None:
    await site.sign_in("operator")
    await site.open("/tickets")
    assert await site.barriers() == []
    keys = site.page.keyboard
    await site.page.focus("[name=words]")
    await keys.type("PAGAMENT*")
    await keys.press("Enter")
    await site.page.wait_for_selector("tbody tr:only-child")
    await site.page.focus("tbody a")
    await keys.press("Enter")
    await site.page.wait_for_url("**/tickets/1")
    assert "<b>Pagamento</b> non riuscito" in await site.page.inner_text("h1")
    assert await site.page.locator(".journey li").count() == 1
    facts = await site.page.inner_text(".facts")
    assert "Esito della chiamata\nservita" in facts and "reason\npagamento" in facts
    assert not {"outcome", "started_at", "talked", "operator"} & set(facts.split())
    await site.page.focus("text=Assegna a me")
    await keys.press("Enter")
    await site.page.wait_for_selector("text=Assegna a me", state="detached")
    await site.page.focus("[name=text]")
    await keys.type("Ho scritto <i>a lui</i>")
    await keys.press("Tab")
    await keys.press("Enter")
    await site.page.wait_for_selector(".comment")
    await site.page.focus("[name=value][value=closed]")
    await keys.press("Space")
    await site.page.wait_for_selector("[name=value][value=closed]", state="detached")
    assert "Ho scritto <i>a lui</i>" in await site.page.inner_text(".comment p")
    assert await site.barriers() == []
    history = await site.page.inner_text("table")
    assert "Assegnato a" in history and "chiuso" in history
    await site.page.click("button[name=language][value=en]")
    await site.page.wait_for_selector("html[lang=en]")
    facts = await site.page.inner_text(".facts")
    assert "closed" in facts and "Outcome of the call\nserved" in facts and await site.barriers() == []
    assert site.complaints.lines == []
    with database.read() as session:
        ticket = session.get_one(Ticket, 1)
        assert (ticket.state, ticket.assignee) == ("closed", "operator")
        told = [entry.action for entry in audit.find(session)]
    assert {"search-tickets", "read-ticket", "ticket-assignee", "ticket-comment", "ticket-state"} <= set(told)


async def test_a_wrong_criterion_and_older_pages(site: Site) -> None:
    await site.sign_in("supervisor")
    await site.open("/tickets?from=2026-02-30&words=x")
    assert "Aperto dal: 2026-02-30 non c'è" in await site.page.inner_text("[role=alert]")
    assert await site.page.input_value("[name=words]") == "x" and await site.barriers() == []
    await site.open("/tickets?type=B")
    first = await site.page.eval_on_selector_all("tbody a", "all => all.map(one => one.innerText)")
    await site.page.click("text=Altri ticket")
    await site.page.wait_for_selector("tbody tr:nth-child(9):last-child")
    rest = await site.page.eval_on_selector_all("tbody a", "all => all.map(one => one.innerText)")
    assert len(first) == 50 and len(set(first + rest)) == 59


async def test_the_same_as_json(address: str, database: Database) -> None:
    status, found = await ask(address, "GET", "/api/tickets?limit=40")
    assert status == 200 and len(found["tickets"]) == 40
    status, rest = await ask(address, "GET", f"/api/tickets?after={found['next']}")
    assert [one["number"] for one in rest["tickets"]] == list(range(20, 0, -1)) and rest["next"] is None
    status, found = await ask(address, "GET", "/api/tickets?words=pagamento&state=new&state=open")
    assert [one["subject"] for one in found["tickets"]] == ["<b>Pagamento</b> non riuscito"]
    status, one = await ask(address, "PATCH", "/api/tickets/1", {"state": "open", "type": "PI", "specialist": "yes"})
    assert status == 200 and (one["state"], one["type"], one["specialist"]) == ("open", "PI", True)
    status, _ = await ask(address, "PATCH", "/api/tickets/1", {"state": "waiting", "type": "X"})
    assert status == 409
    status, one = await ask(address, "POST", "/api/tickets/1/comments", {"text": "👩‍👩‍👧 ok"})
    assert status == 201 and one["comments"][0]["text"] == "👩‍👩‍👧 ok"
    status, one = await ask(address, "GET", "/api/tickets/1")
    assert one["state"] == "open", "all of it or nothing"
    assert [entry["what"] for entry in one["history"]] == ["state", "type", "specialist"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/tickets?shoe=42", None, 400),
        ("GET", "/api/tickets?limit=0", None, 400),
        ("GET", "/api/tickets?after=x", None, 400),
        ("GET", "/api/tickets/77", None, 404),
        ("GET", "/api/tickets/x", None, 404),
        ("GET", "/tickets/77", None, 404),
        ("PATCH", "/api/tickets/77", {"state": "open"}, 404),
        ("PATCH", "/api/tickets/1", ["state"], 400),
        ("PATCH", "/api/tickets/1", {"state": 3}, 400),
        ("PATCH", "/api/tickets/1", {"number": "3"}, 409),
        ("PATCH", "/api/tickets/1", {"assignee": "nobody"}, 409),
        ("POST", "/api/tickets/1/comments", {"text": ""}, 409),
        ("POST", "/api/tickets/1/comments", {"words": "x"}, 400),
        ("POST", "/api/tickets/99999999999/comments", {"text": "x"}, 404),
    ],
)
async def test_what_cannot_be(address: str, method: str, path: str, body: Any, status: int) -> None:
    assert (await ask(address, method, path, body))[0] == status


async def test_spreadsheets_have_what_was_asked_for_and_no_formulas(address: str) -> None:
    async with ClientSession() as web:
        async with web.get(f"{address}/tickets.csv?type=B", headers=basic("supervisor")) as answer:
            text = (await answer.read()).decode("utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(text)))
        assert len(lines) == 59 and all(line["Oggetto"].startswith("'=1+") for line in lines)
        async with web.get(f"{address}/tickets.xlsx?type=B", headers=basic("supervisor")) as answer:
            assert len(rows_of(await answer.read())) == 60
        for role in access.ROLES:
            async with web.get(f"{address}/tickets.csv", headers=basic(role)) as answer:
                assert (answer.status == 200) == (role in access.SUPERVISE)


async def test_a_caller_is_found_by_number_and_the_audit_does_not_repeat_it(address: str, database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(Ticket).where(Ticket.number == 1).values(caller=pseudonym(NUMBER, CALLERS)))
    _, found = await ask(address, "GET", "/api/tickets?caller=06%2012345678&words=pagamento")
    assert [one["number"] for one in found["tickets"]] == [1]
    with database.read() as session:
        [entry] = audit.find(session, action="search-tickets")
    assert entry.detail == "caller=… words=…"


async def test_supervisors_see_that_a_ticket_was_set_aside(address: str, database: Database) -> None:
    now = datetime.now(UTC)
    assert "messi da parte" not in (await ask(address, "GET", "/tickets", role="supervisor"))[1]
    with database.transaction() as session:
        calls.set_disposition(session, "c", "A", now)
        assert outbox.claim(session, "x", now, 60, 1)
        outbox.set_aside(session, "x", "c", "the queue is closed", now)
    for role, told in (("supervisor", True), ("operator", False)):
        assert ("1 messi da parte" in (await ask(address, "GET", "/tickets", role=role))[1]) == told
