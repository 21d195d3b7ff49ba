"""Every route refuses who is not signed in, and who has the wrong role."""

import asyncio
import base64
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select, text, update

from ivr.store import calls
from ivr.store.database import Database
from ivr.store.schema import SignIn, User
from ivr.web import access, streams
from ivr.web.users import remove_user
from tests.ivr.web.conftest import make


@pytest.fixture
async def client(database: Database, users: None, tmp_path: Path, flows: Path):  # type: ignore[no-untyped-def]
    async with TestClient(TestServer(make(tmp_path, database, flows))) as one:
        yield one


def filled(path: str) -> str:
    return re.sub(r"{\w+}", "x", path)


def basic(role: str, password: str = "") -> dict[str, str]:
    pair = f"{role}:{password or role + '-password'}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


async def test_no_route_is_open_but_the_sign_in(client: TestClient) -> None:  # type: ignore[type-arg]
    for route in client.app.router.routes():  # type: ignore[union-attr]
        assert route.resource is not None
        path = route.resource.canonical
        if (route.method.replace("HEAD", "GET"), path) in access.OPEN:
            continue
        answer = await client.request(route.method, filled(path), allow_redirects=False)
        assert answer.status == 401 or answer.headers.get("Location") == "/sign-in", path


async def test_a_role_may_do_what_it_was_granted_and_nothing_else(client: TestClient) -> None:  # type: ignore[type-arg]
    for role in access.ROLES:
        await client.post("/sign-in", data={"name": role, "password": f"{role}-password"}, allow_redirects=False)
        for (method, path), roles in access.GRANTS.items():
            if path == "/sign-out":
                continue
            body = {"disposition": "Q"}
            answer = await client.request(method, filled(path), allow_redirects=False, json=body)
            assert (answer.status == 403) == (role not in roles), (path, role, answer.status)
        assert (await client.post("/sign-out", allow_redirects=False)).status == 303


async def test_signing_in_by_the_page_and_out_again(client: TestClient) -> None:  # type: ignore[type-arg]
    form = {"name": "admin", "password": "admin-password"}
    answer = await client.post("/sign-in", data=form, allow_redirects=False)
    assert answer.status == 303
    cookie = answer.cookies["ivr"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict"
    page = await client.get("/")
    assert page.status == 200 and "Sala" in await page.text()
    await client.post("/sign-out", allow_redirects=False)
    assert (await client.get("/", allow_redirects=False)).headers["Location"] == "/sign-in"


async def test_wrong_passwords_are_slowed_down(client: TestClient) -> None:  # type: ignore[type-arg]
    for _ in range(5):
        assert (await client.get("/api/status", headers=basic("admin", "wrong"))).status == 401
    assert (await client.get("/api/status", headers=basic("admin"))).status == 429


async def test_a_form_from_another_site_is_refused(client: TestClient) -> None:  # type: ignore[type-arg]
    answer = await client.post("/sign-in", data={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403


async def test_the_surveys_results_by_group_and_period(client: TestClient, database: Database) -> None:  # type: ignore[type-arg]
    with database.transaction() as session:
        at = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)  # half past eleven at night in Rome
        calls.start(session, id="c", channel="c", controller="1", called="", caller="", started_at=at)
        answers: dict[str, int | None] = {"clear": 4}
        calls.finish(session, "c", ended_at=at, ticket_due_at=at, survey={"s": answers}, operator="4271")
    own = {"operator": "4271", "count": 1, "answered": 1, "mean": 4.0, "good": 1.0}
    for query, rows in (("to=2026-11-30", [own]), ("from=2026-12-01", [])):
        answer = await client.get(f"/api/survey?by=operator&{query}", headers=basic("supervisor"))
        assert await answer.json() == rows, query
    for query in ("by=shoe-size", "from=yesterday"):
        assert (await client.get(f"/api/survey?{query}", headers=basic("supervisor"))).status == 400


async def test_a_session_ends_with_its_time_with_the_sign_out_and_with_the_user(
    client: TestClient,  # type: ignore[type-arg]
    database: Database,
) -> None:
    async def sign_in() -> str:
        form = {"name": "designer", "password": "designer-password"}
        answer = await client.post("/sign-in", data=form, allow_redirects=False)
        return answer.cookies["ivr"].value

    async def status(cookie: str) -> int:
        client.session.cookie_jar.clear()
        return (await client.get("/api/retention", headers={"Cookie": f"ivr={cookie}"})).status

    one, other = await sign_in(), await sign_in()
    assert (await status(one), await status(other)) == (403, 403), "known, though the role may not"
    assert (await status(one[:-4] + "AAA="), await status("forged"), await status("")) == (401, 401, 401)
    await client.post("/sign-out", headers={"Cookie": f"ivr={one}"}, allow_redirects=False)
    assert (await status(one), await status(other)) == (401, 403), "a copy of the cookie is worth nothing"
    with database.transaction() as session:
        session.execute(update(SignIn).values(until=datetime.now(UTC)))
    assert await status(other) == 401
    third = await sign_in()
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(SignIn)) == 1, "those that are over are forgotten"
        session.get_one(User, "designer").role = "privacy-officer"
    assert await status(third) == 200, "a role holds at once"
    with database.transaction() as session:
        remove_user(session, "designer")
    assert await status(third) == 401


async def test_the_session_is_another_after_signing_in(client: TestClient) -> None:  # type: ignore[type-arg]
    form = {"name": "admin", "password": "admin-password"}
    cookies = [(await client.post("/sign-in", data=form, allow_redirects=False)).cookies["ivr"] for _ in range(2)]
    assert cookies[0].value != cookies[1].value
    assert all(one["httponly"] and one["samesite"] == "Strict" and one["max-age"] == "28800" for one in cookies)


async def test_nothing_tells_whether_a_user_exists(client: TestClient, database: Database) -> None:  # type: ignore[type-arg]
    with database.transaction() as session:
        remove_user(session, "supervisor")
    answers = []
    for name in ("admin", "supervisor", "nobody", ""):
        answer = await client.post("/sign-in", data={"name": name, "password": "wrong"})
        answers.append((answer.status, await answer.text()))
    assert answers[0][0] == 401 and len(set(answers)) == 1


async def test_behind_a_proxy_who_asks_is_whom_it_names_last(
    database: Database, users: None, tmp_path: Path, flows: Path
) -> None:
    (tmp_path / "numero-nero.toml").write_text('[web]\naddress = "https://ivr.example.it"\n')
    async with TestClient(TestServer(make(tmp_path, database, flows))) as client:
        for number in range(5):
            headers = basic("admin", "wrong") | {"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.7"}
            assert (await client.get("/api/status", headers=headers)).status == 401
        refused = basic("admin") | {"X-Forwarded-For": "203.0.113.7"}
        assert (await client.get("/api/retention", headers=refused)).status == 429
        other = basic("admin") | {"X-Forwarded-For": "203.0.113.7, 203.0.113.8"}
        assert (await client.get("/api/retention", headers=other)).status == 200
        form = {"name": "designer", "password": "designer-password"}
        answer = await client.post(
            "/sign-in", data=form, headers={"X-Forwarded-For": "203.0.113.9"}, allow_redirects=False
        )
        assert answer.cookies["ivr"]["secure"]


async def test_what_goes_on_ends_with_the_user(
    client: TestClient,  # type: ignore[type-arg]
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "LOOK", 0.1)
    async with client.get("/desk/events", headers=basic("operator")) as answer:
        assert (await answer.content.readline()).startswith(b"data: ")
        with database.transaction() as session:
            remove_user(session, "operator")
        async with asyncio.timeout(10):
            await answer.content.read()


async def test_who_is_signed_in_stays_so_while_the_store_is_away(
    client: TestClient,  # type: ignore[type-arg]
    database: Database,
) -> None:
    form = {"name": "operator", "password": "operator-password"}
    await client.post("/sign-in", data=form, allow_redirects=False)
    assert (await client.get("/desk/phone")).status == 200
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE sign_ins RENAME TO away"))
    assert (await client.get("/desk/phone")).status == 200
    assert (await client.get("/board/events")).status == 403, "and what they may not, they may not"
    client.session.cookie_jar.clear()
    assert (await client.get("/desk/phone", allow_redirects=False)).status == 303
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO sign_ins"))
    assert (await client.get("/desk/phone", allow_redirects=False)).status == 303
