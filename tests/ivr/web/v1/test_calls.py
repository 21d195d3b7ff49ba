"""Calls, journeys, outcomes, survey answers and recordings by API: what each scope shows, pages, times, races."""

import asyncio
from datetime import timedelta

from sqlalchemy import delete

from ivr.store import audit, calls, numbers
from ivr.store.database import Database
from ivr.store.schema import CatalogueRow, Recording
from recordings.pseudonyms import pseudonym
from tests.ivr.web.conftest import CALLERS, PSEUDONYMS
from tests.ivr.web.v1.conftest import ALL, MORNING, NUMBER, OPERATOR, OTHER, VEILED, Api, call

CALLER, CODE = numbers.pseudonym(NUMBER, CALLERS), pseudonym(OPERATOR, PSEUDONYMS)


async def test_a_call_whole_and_veiled(api: Api, day: list[str]) -> None:
    whole, veiled = await api.get("/calls/call-0"), await api.get("/calls/call-0", VEILED)
    assert (whole["caller"], whole["operator"], whole["reason"]) == (NUMBER, OPERATOR, "payments")
    assert (whole["started_at"], whole["ended_at"]) == ("2027-01-04T08:00:00Z", "2027-01-04T08:05:00Z")
    assert veiled == whole | {"caller": CALLER, "operator": CODE}
    noted = await api.get("/calls/call-1", VEILED)
    assert noted["note"] == f"calls again from {numbers.pseudonym(OTHER, CALLERS)} or {CALLER}"


async def test_no_answer_without_the_scopes_has_a_number_or_a_code_in_it(api: Api, day: list[str]) -> None:
    paths = ["/calls", "/outcomes", "/survey-answers", "/recordings", "/recordings/call-0-1", "/calls/call-0/journey"]
    for path in [*paths, "/calls/call-1/journey", "/calls/call-1"]:
        shown, hidden = str(await api.get(path)), str(await api.get(path, VEILED))
        for secret in (NUMBER, OTHER, NUMBER[3:], f"'{OPERATOR}'"):
            assert secret not in hidden, path
        assert len(shown) > 50
    entries = (await api.get("/calls/call-0/journey", VEILED))["entries"]
    assert [(one["kind"], one["node"], one["detail"]) for one in entries] == [
        ("queue", "", {"queue": "desk"}),
        ("offer", "", {"operator": CODE}),
        ("connected", CODE, {}),
        ("digits", "ask", {"count": 10}),
    ]


async def test_pages_show_each_call_once_whatever_is_added_meanwhile(
    api: Api, database: Database, day: list[str]
) -> None:
    for number in range(5, 12):  # seven at one moment
        call(database, f"call-{number:02}", MORNING + timedelta(hours=5))
    for order in ("newest", "oldest"):
        seen, path, number = [], f"/calls?limit=5&order={order}", 0
        while path:
            status, headers, page = await api("GET", path)
            assert status == 200 and len(page["items"]) <= 5
            seen += [one["id"] for one in page["items"]]
            link = headers.get("Link")
            assert (link is None) == (page["next"] is None)
            path = link.removeprefix("</api/v1").removesuffix('>; rel="next"') if link else ""
            call(database, f"new-{order}-{number}", MORNING - timedelta(days=1))  # behind the place, or before it
            number += 1
        old = [one for one in seen if one.startswith("call")]
        assert len(old) == len(set(old)) == 12 and len(seen) == len(set(seen))


async def test_filters_hold_together_and_periods_have_an_end(api: Api, day: list[str]) -> None:
    async def ids(path: str) -> list[str]:
        return [one.get("id") or one["call"] for one in (await api.get(path))["items"]]

    assert await ids("/calls?order=oldest") == day
    assert await ids("/calls?from=2027-01-04T09:00:00Z&to=2027-01-04T12:00:00%2B01:00") == ["call-2", "call-1"]
    assert await ids("/calls?from=0001-01-01T00:00:00%2B23:00&to=9999-12-31T23:59:59-23:00&limit=1") == ["call-4"]
    assert await ids("/calls?outcome=abandoned&queue=desk") == []
    assert await ids("/calls?outcome=abandoned") == ["call-1"]
    assert await ids(f"/calls?operator={CODE}&limit=1") == await ids(f"/calls?operator={OPERATOR}&limit=1")
    assert await ids("/calls?live=true") == [] and len(await ids("/calls?live=false")) == 5
    assert await ids("/outcomes?from=2027-01-04T12:05:00Z") == ["call-4"]
    assert await ids("/recordings?hours=12-14&call=call-3") == ["call-3-1"]
    assert await ids("/recordings?from=2027-01-05") == []
    answers = (await api.get("/survey-answers?order=oldest&question=clear"))["items"]
    assert [(one["call"], one["answer"], one["operator"]) for one in answers] == [
        ("call-0", 5, OPERATOR), ("call-2", 3, OPERATOR), ("call-4", 1, OPERATOR),
    ]  # fmt: skip
    assert (await api.get("/survey-answers?call=call-0&question=polite"))["items"][0]["answer"] is None


async def test_survey_answers_come_page_by_page(api: Api, day: list[str]) -> None:
    seen, after = [], ""
    while after is not None:
        page = await api.get(f"/survey-answers?limit=1&after={after}")
        seen += [(one["call"], one["question"]) for one in page["items"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) == 6 and seen[0][0] == "call-4"


async def test_a_recording_that_was_deleted_is_gone(api: Api, database: Database, day: list[str]) -> None:
    assert (await api.get("/recordings/call-0-1"))["seconds"] == 240.0
    with database.transaction() as session:
        session.execute(delete(CatalogueRow).where(CatalogueRow.recording_id == "call-0-1"))
        session.get_one(Recording, "call-0-1").purged_at = MORNING
    assert (await api("GET", "/recordings/call-0-1"))[0] == 410
    assert (await api("GET", "/recordings/call-0"))[0] == 404


async def test_a_disposition_is_given_once_by_those_who_have_seen_the_same(
    api: Api, database: Database, day: list[str]
) -> None:
    _, headers, before = await api("GET", "/calls/call-0")
    unchanged = await api("GET", "/calls/call-0", headers={"If-None-Match": headers["ETag"]})
    assert unchanged[0] == 304 and unchanged[2] is None
    path, seen = "/calls/call-0/disposition", {"If-Match": headers["ETag"]}

    async def give(kind: str) -> int:
        return (await api("PUT", path, json={"disposition": kind}, headers=seen))[0]

    statuses = await asyncio.gather(*map(give, ("Q", "PQ", "A", "I")))
    assert sorted(statuses) == [200, 412, 412, 412]
    _, again, after = await api("GET", "/calls/call-0")
    assert after["disposition"] and again["ETag"] != headers["ETag"] and before["disposition"] == ""
    assert (await api("PUT", path, json={"disposition": "PI"}, headers={"If-Match": again["ETag"]}))[0] == 200
    assert (await api("PUT", path, json={"disposition": "Q"}))[2]["disposition"] == "Q"
    assert (await api("PUT", "/calls/call-1/disposition", json={"disposition": "Q"}))[0] == 409
    assert (await api("PUT", path, json={"disposition": "Q"}, scopes=["calls:read"]))[0] == 403
    with database.read() as session:
        assert calls.get(session, "call-0").disposition == "Q"  # type: ignore[union-attr]
        assert len(audit.find(session, action="api-put-disposition", subject="call-0")) == 6


async def test_a_live_call_has_no_end(api: Api, database: Database) -> None:
    with database.transaction() as session:
        calls.start(
            session, id="live", channel="live", controller="1", called="1", caller=NUMBER, flow="f", started_at=MORNING
        )
    [one] = (await api.get("/calls?live=true", ALL))["items"]
    assert (one["id"], one["ended_at"], one["ticket"]) == ("live", None, "")
    assert (await api.get("/outcomes"))["items"] == []
