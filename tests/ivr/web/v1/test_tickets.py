"""Tickets by API: each is made once, whoever asks how often; changed by one at a time; without numbers where they may
not be seen."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select

from ivr.store import audit, calls, numbers
from ivr.store.database import Database
from ivr.store.schema import Ticket
from ivr.tickets import embedded
from ivr.tickets.outcome import Policy, draft
from recordings.pseudonyms import pseudonym
from tests.ivr.web.conftest import CALLERS, PSEUDONYMS, make
from tests.ivr.web.v1.conftest import MORNING, NUMBER, OPERATOR, OTHER, VEILED, Api, call

NEW = {"type": "Q", "subject": "Where is my refund? 電話 🙂", "fields": {"case": "17"}}


def count(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Ticket)) or 0


def deliver(database: Database, id: str, caller: str = "whole") -> None:
    """As the outbox does."""
    with database.read() as session:
        found = calls.get(session, id)
        assert found
        wanted = draft(found, Policy(caller=caller, key=CALLERS))  # type: ignore[arg-type]
    embedded.Embedded(database).put([wanted])


async def test_a_ticket_without_a_call_from_its_making_to_its_end(api: Api, database: Database) -> None:
    status, headers, made = await api("POST", "/tickets", json=NEW | {"queue": "refunds", "priority": "high"})
    assert status == 201 and headers["Location"] == f"/api/v1/tickets/{made['number']}"
    assert (made["call"], made["state"], made["queue"], made["fields"]) == ("", "new", "refunds", {"case": "17"})
    path = headers["Location"].removeprefix("/api/v1")
    assert await api.get(path) == made
    status, _, told = await api("POST", f"{path}/comments", json={"text": "called back\nnobody there"})
    assert (status, told["by"], told["text"]) == (201, "api:key-0", "called back\nnobody there")
    change = {"state": "resolved", "assignee": "", "specialist": True, "priority": "normal"}
    status, _, after = await api("PATCH", path, json=change)
    assert status == 200 and (after["state"], after["specialist"]) == ("resolved", True)
    assert [(one["what"], one["old"], one["new"], one["by"]) for one in after["history"]] == [
        ("state", "new", "resolved", "api:key-0"),
        ("priority", "high", "normal", "api:key-0"),
        ("specialist", "no", "yes", "api:key-0"),
    ]
    status, _, told = await api("PATCH", path, json={"state": "waiting"})
    assert status == 409 and "a ticket that is resolved cannot become 'waiting'; open, closed" in told["detail"]
    assert (await api("PATCH", path, json={"assignee": "nobody"}))[0] == 409
    for missing in ("/tickets/4711", "/tickets/x", "/tickets/0"):
        assert (await api("GET", missing))[0] == 404
    assert (await api("POST", f"{path}/comments", json={"text": " \n"}))[0] == 409
    assert (await api("POST", "/tickets/4711/comments", json={"text": "x"}))[0] == 404
    assert (await api("PATCH", path, json={}, scopes=["tickets:read"]))[0] == 403
    with database.read() as session:
        assert {one.action for one in audit.find(session, user="api:key-0")} >= {"api-post-ticket", "ticket-state"}


async def test_the_same_request_makes_one_ticket_however_often_it_is_sent_and_at_once(
    api: Api, database: Database
) -> None:
    async def send(key: str = "once", **more: Any) -> tuple[int, Any, Any]:
        return await api("POST", "/tickets", json=NEW | more, headers={"Idempotency-Key": key})

    answers = await asyncio.gather(*(send() for _ in range(5)))
    assert {status for status, _, _ in answers} <= {201, 409} and count(database) == 1
    first, again = await send(), await send()
    assert first[0] == again[0] == 201 and first[2] == again[2] and count(database) == 1
    assert first[1]["Location"] == again[1]["Location"] and first[1]["ETag"] == again[1]["ETag"]
    assert (await send(subject="Another"))[0] == 422
    other = api.key(["tickets:write", "tickets:read"])
    status, _, _ = await api("POST", "/tickets", json=NEW, key=other, headers={"Idempotency-Key": "once"})
    assert status == 201 and count(database) == 2, "each key has its own"
    assert (await send("wrong", type="X"))[0] == 422 and (await send("wrong"))[0] == 201, "put right under the same key"
    assert (await send("x" * 201))[0] == 400


async def test_a_call_has_one_ticket(api: Api, database: Database, day: list[str]) -> None:
    status, _, made = await api("POST", "/tickets", json=NEW | {"call": "call-0"})
    assert status == 201 and (made["call"], made["type"], made["subject"]) == ("call-0", "Q", NEW["subject"])
    assert made["fields"]["case"] == "17" and made["fields"]["outcome"] == "served"
    status, _, told = await api("POST", "/tickets", json=NEW | {"call": "call-0"})
    assert status == 409 and f"has ticket {made['number']} already" in told["detail"]
    deliver(database, "call-0")
    after = await api.get(f"/tickets/{made['number']}")
    assert count(database) == 1 and (after["subject"], after["fields"]["case"]) == (NEW["subject"], "17")
    assert (await api("POST", "/tickets", json=NEW | {"call": "none"}))[0] == 409
    with database.transaction() as session:
        calls.start(
            session, id="live", channel="live", controller="1", called="1", caller="", flow="f", started_at=MORNING
        )
    assert (await api("POST", "/tickets", json=NEW | {"call": "live"}))[0] == 409
    assert [one["number"] for one in (await api.get("/tickets?call=call-0"))["items"]] == [made["number"]]
    for other in ("call-1", made["number"]):
        assert (await api.get(f"/tickets?call={other}"))["items"] == []


async def test_of_those_who_have_seen_the_same_one_changes_it(api: Api) -> None:
    _, headers, made = await api("POST", "/tickets", json=NEW)
    path, seen = f"/tickets/{made['number']}", {"If-Match": headers["ETag"]}

    async def change(queue: str) -> int:
        return (await api("PATCH", path, json={"queue": queue}, headers=seen))[0]

    assert sorted(await asyncio.gather(*map(change, "abcd"))) == [200, 412, 412, 412]
    assert len((await api.get(path))["history"]) == 1


async def test_no_ticket_tells_a_number_or_a_code_without_the_scope(
    api: Api, database: Database, day: list[str]
) -> None:
    for id in day:
        deliver(database, id)
    with database.read() as session:
        numbered = embedded.get(session, "call-1")
    assert numbered
    path = f"/tickets/{numbered.number}"
    await api("POST", f"{path}/comments", json={"text": f"ring {NUMBER} or {OTHER}"})
    await api("PATCH", path, json={"subject": f"Ring {OTHER}"})
    for asked in ("/tickets", path, "/tickets/1"):
        shown, hidden = str(await api.get(asked)), str(await api.get(asked, VEILED))
        assert NUMBER in shown and numbers.pseudonym(NUMBER, CALLERS) in hidden
        for secret in (NUMBER[3:], OTHER[3:], f"'{OPERATOR}'"):
            assert secret not in hidden, asked
    one = await api.get("/tickets/1", VEILED)
    assert one["fields"]["operator"] == pseudonym(OPERATOR, PSEUDONYMS)


async def test_tickets_are_found_by_the_criteria_of_the_desk_page_by_page(api: Api, database: Database) -> None:
    for number in range(5):
        call(database, f"call-{number}", MORNING + timedelta(hours=number))
        deliver(database, f"call-{number}")
    await api("POST", "/tickets", json=NEW)
    seen, after = [], ""
    while after is not None:
        page = await api.get(f"/tickets?limit=2&after={after}")
        seen += [one["number"] for one in page["items"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) == 6
    assert [one["subject"] for one in (await api.get("/tickets?words=refund"))["items"]] == [NEW["subject"]]
    with database.read() as session:
        assert audit.find(session, action="api-list-tickets", limit=1)[0].detail == "words=…"
    assert len((await api.get("/tickets?state=new&state=open&type=Q"))["items"]) == 6
    status, _, told = await api("GET", "/tickets?state=lost")
    assert status == 400 and told["detail"].startswith("state: 'lost' is none of")
    assert (await api("GET", "/tickets?caller=%2B390471123456"))[0] == 400


async def test_what_a_ticket_cannot_be_is_told(api: Api, database: Database) -> None:
    wrong: list[tuple[str, Any]] = [
        ("subject", ""), ("subject", "x" * 201), ("subject", "two\nlines"), ("subject", "\0"), ("fields", {"a": "\0"}),
        ("fields", {"a": 1}), ("fields", {"": "x"}), ("type", "X"), ("priority", "urgent"), ("state", "closed"),
    ]  # fmt: skip
    for field, value in wrong:
        status, _, told = await api("POST", "/tickets", json=NEW | {field: value})
        assert status == 422 and field in told["detail"] and count(database) == 0, (field, told)


async def test_where_another_system_has_the_tickets_it_says_which(
    database: Database, tmp_path: Path, flows: Path
) -> None:
    rt = 'url = "http://127.0.0.1:9"\nqueue = "General"'
    (tmp_path / "numero-nero.toml").write_text(f'[tickets]\nbackend = "rt"\n[tickets.rt]\n{rt}\n')
    async with TestClient(TestServer(make(tmp_path, database, flows))) as client:
        status, _, told = await Api(client, database)("GET", "/tickets")
    assert status == 409 and "tickets are in rt" in told["detail"]
