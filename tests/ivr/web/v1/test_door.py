"""Who comes in, how they are counted, and how what goes wrong is told."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from ivr.store import audit
from ivr.store.database import Database
from ivr.store.schema import ApiKey
from ivr.web.v1 import keys
from tests.ivr.web.v1.conftest import Api

PROBLEM = "application/problem+json"


async def test_without_a_key_that_holds_nothing_is_told(api: Api, database: Database, day: list[str]) -> None:
    for shown in (None, "Bearer wrong", "Basic YTpi", "Bearer "):
        header = {"Authorization": shown} if shown else {}
        for path in ("/api/v1/calls", "/api/v1/nothing"):
            answer = await api.client.get(path, headers=header)
            assert answer.status == 401 and answer.content_type == PROBLEM
            assert answer.headers["WWW-Authenticate"].startswith("Bearer") and "RateLimit-Limit" not in answer.headers
    key = api.key(["calls:read"])
    with database.transaction() as session:
        keys.revoke(session, "key-0", by="tests")
    assert (await api("GET", "/calls", key=key))[0] == 401
    over = api.key(["calls:read"], expires_at=datetime.now(UTC) + timedelta(days=1))
    with database.transaction() as session:
        session.get_one(ApiKey, "key-1").expires_at = datetime.now(UTC)
    assert (await api("GET", "/calls", key=over))[0] == 401


async def test_a_key_does_what_its_scopes_say(api: Api, day: list[str]) -> None:
    status, _, told = await api("GET", "/survey-answers", scopes=["calls:read"])
    assert (status, told["title"], told["status"]) == (403, "Forbidden", 403)
    assert "surveys:read" in told["detail"]
    assert (await api("GET", "/survey-answers", scopes=["surveys:read"]))[0] == 200
    answer = await api.client.get("/api/calls", headers={"Authorization": f"Bearer {api.key(['calls:read'])}"})
    assert answer.status == 401, "a key opens /api/v1 alone"


async def test_a_key_that_has_asked_enough_waits_for_the_next_minute(api: Api, database: Database) -> None:
    key = api.key(["calls:read"], per_minute=2)
    for left in ("1", "0"):
        status, headers, _ = await api("GET", "/calls", key=key)
        assert status == 200 and (headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == ("2", left)
    status, headers, told = await api("GET", "/calls", key=key)
    assert status == 429 and told["status"] == 429 and headers["RateLimit-Remaining"] == "0"
    assert 1 <= int(headers["Retry-After"]) <= 60 and headers["Retry-After"] == headers["RateLimit-Reset"]
    with database.transaction() as session:
        session.get_one(ApiKey, "key-0").minute -= 1  # the minute is over
    assert (await api("GET", "/calls", key=key))[0] == 200


WRONG: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("GET", "/nothing", {}, 404, "nothing at this address"),
    ("GET", "/calls/none", {}, 404, "there is no call none"),
    ("GET", "/calls/%00", {}, 404, "nothing with such a id"),
    ("DELETE", "/calls", {}, 405, "DELETE is not done here; GET, HEAD is"),
    ("GET", "/calls?limit=501", {}, 400, "limit"),
    ("GET", "/calls?limit=1&limit=2", {}, 400, "limit: is given 2 times"),
    ("GET", "/calls?from=0.5", {}, 400, "from"),
    ("GET", "/calls?from=2027-01-04T09:00:00", {}, 400, "from"),
    ("GET", "/calls?live=1", {}, 400, "live"),
    ("GET", "/calls?colour=red", {}, 400, "colour"),
    ("GET", "/calls?queue=a%00b", {}, 400, "queue"),
    ("GET", "/calls?after=forged", {}, 400, "after: no page gave this"),
    ("GET", "/calls/call-0?limit=1", {}, 400, "limit: nothing is asked here"),
    ("GET", "/recordings?hours=late", {}, 400, "hours: 'late' are no hours"),
    ("PUT", "/calls/call-0/disposition", {"data": "Q"}, 415, "application/json"),
    ("PUT", "/calls/call-0/disposition", {"json": {"disposition": "X"}}, 422, "disposition"),
    ("PUT", "/calls/call-0/disposition", {"json": {"disposition": "Q", "more": 1}}, 422, "more"),
    ("PUT", "/calls/call-0/disposition", {"json": {"disposition": "Q" * 2_000_000}}, 413, "a mebibyte"),
    (
        *("PUT", "/calls/call-0/disposition"),
        {"data": b"{", "headers": {"Content-Type": "application/json"}},
        *(400, "the body is no JSON"),
    ),
]


async def test_what_is_wrong_is_told_as_a_problem(api: Api, day: list[str]) -> None:
    for method, path, more, status, said in WRONG:
        got, headers, told = await api(method, path, **more)
        assert (got, headers["Content-Type"]) == (status, PROBLEM) and said in told["detail"], (method, path, told)
        assert told.keys() == {"type", "title", "status", "detail"} and told["status"] == status
        assert headers["Cache-Control"] == "no-store" and "RateLimit-Limit" in headers
        assert status != 405 or headers["Allow"] == "GET, HEAD"


async def test_while_the_store_is_away_it_says_so_and_what_breaks_tells_nothing_of_the_house(
    api: Api, database: Database, day: list[str]
) -> None:
    key = api.key(["calls:read"])
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE calls RENAME TO away"))
    status, headers, told = await api("GET", "/calls", key=key)
    assert status == 503 and headers["Retry-After"] == "5" and "calls" not in told["detail"]
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO calls"))
        connection.execute(text("UPDATE journey SET detail = '3' WHERE call_id = 'call-0'"))  # as nobody writes it
    status, headers, told = await api("GET", "/calls/call-0/journey", key=key)
    assert (status, headers["Content-Type"]) == (500, PROBLEM) and "3" not in told["detail"]


async def test_each_request_is_in_the_audit_and_no_key_or_number_is_in_it_or_in_the_log(
    api: Api, database: Database, day: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)  # the one of the server knows addresses alone, so none has a number in it
    key = api.key(["calls:read", "callers:read"])
    await api("GET", "/calls?queue=desk", key=key)
    await api("GET", "/calls/call-0", key=key)
    await api("GET", "/calls/call-0", key=key + "x")
    await api("GET", "/survey-answers", key=key)
    with database.read() as session:
        found = audit.find(session, user="api:key-0")
        assert [(one.action, one.subject, one.detail) for one in found] == [
            ("api-get-call", "call-0", ""),
            ("api-list-calls", "", "queue=desk"),
        ]
        whole = str([vars(one) for one in audit.find(session)])
    assert key not in caplog.text + whole and "390471123456" not in caplog.text + whole
