"""Samples by API: drawn by reviewers, under pseudonyms, and marked one by one."""

from datetime import datetime
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from ivr.store import audit, operators
from ivr.store.database import Database
from recordings.pseudonyms import pseudonym
from tests.ivr.web.conftest import PSEUDONYMS
from tests.ivr.web.test_access import basic, client  # noqa: F401 a fixture
from tests.recordings.kept import keep

Client = TestClient[Any, Any]
NAME = pseudonym("4271", PSEUDONYMS)


@pytest.fixture(autouse=True)
def ten(database: Database) -> None:
    with database.transaction() as session:
        operators.add(session, "4271", "Anna", ["it"], ["all"], datetime.now().astimezone())
        for number in range(10):
            keep(session, f"call-{number}", datetime(2027, 1, 4, 9, number), operator="4271", queue="app")


async def ask(client: Client, method: str, path: str, body: Any = None, role: str = "reviewer") -> tuple[int, Any]:  # noqa: F811
    answer = await client.request(method, f"/api/samples{path}", json=body, headers=basic(role))
    return answer.status, await answer.json() if answer.content_type == "application/json" else await answer.text()


async def test_a_reviewer_draws_hears_and_marks_under_pseudonyms(client: Client, database: Database) -> None:  # noqa: F811
    wish = {"name": "q1", "size": 4, "seed": 7, "by": ["operator"], "criteria": {"operator": [NAME]}}
    status, drawn = await ask(client, "POST", "", wish)
    assert status == 201 and (drawn["drawn"], drawn["drawn_by"]) == (4, "reviewer")
    assert drawn["strata"][0]["values"] == [NAME]
    assert await ask(client, "GET", "/q1") == (200, drawn)
    _, first = await ask(client, "GET", "/q1/items?limit=3")
    _, rest = await ask(client, "GET", f"/q1/items?limit=3&after={first['next']}", role="supervisor")
    items = [*first["items"], *rest["items"]]
    assert rest["next"] is None and [one["place"] for one in items] == [1, 2, 3, 4]
    assert [one["recording"]["operator"] for one in items] == [NAME, NAME, NAME, "4271"]
    path = f"/q1/items/{items[0]['id']}"
    assert await ask(client, "PUT", path, {"state": "reviewed"}) == (200, {"id": items[0]["id"], "state": "reviewed"})
    assert (await ask(client, "GET", ""))[1][0]["reviewed"] == 1
    with database.read() as session:
        actions = {(one.user, one.action) for one in audit.find(session)}
    assert {("reviewer", "draw-sample"), ("reviewer", "sample-reviewed")} <= actions


@pytest.mark.parametrize(
    ("wish", "status", "said"),
    [
        ({"name": "../a", "size": 1}, 400, "name: up to 60 letters"),
        ({"name": "a", "share": 2}, 400, "share: is more than 0, and 1 at most"),
        ({"name": "a", "size": "many"}, 400, "Expected `int | null`, got `str` - at `$.size`"),
        ({"name": "a", "size": 1, "sizes": 1}, 400, "Object contains unknown field `sizes`"),
        ({"size": 1}, 400, "Object missing required field `name`"),
        ([], 400, "Expected `object`, got `array`"),
        ({"name": "a", "size": 1, "criteria": {"operator": ["4271"]}}, 400, "operator: '4271' is no pseudonym"),
        ({"name": "a", "size": 1, "criteria": {"queue": "app"}}, 400, "Expected `array`, got `str`"),
        ({"name": "a", "size": 1, "criteria": {"queue": ["none"]}}, 409, "no recording fits"),
    ],
    ids=str,
)
async def test_a_wrong_wish_is_refused_with_the_reason(client: Client, wish: Any, status: int, said: str) -> None:  # noqa: F811
    found, text = await ask(client, "POST", "", wish)
    assert found == status and text.startswith(said)
    assert await ask(client, "GET", "") == (200, [])


async def test_guesses_find_nothing(client: Client) -> None:  # noqa: F811
    await ask(client, "POST", "", {"name": "a", "size": 1})
    for method, path, body in (
        ("GET", "/b", None),
        ("GET", "/b/items", None),
        ("GET", "/..%2Fusers", None),
        ("PUT", "/a/items/call-99-1", {"state": "reviewed"}),
        ("PUT", "/b/items/call-1-1", {"state": "reviewed"}),
    ):
        assert (await ask(client, method, path, body))[0] == 404, path
    assert (await ask(client, "GET", "/a/items?after=forged"))[0] == 400
    assert (await ask(client, "GET", "/a/items?limit=0"))[0] == 400
