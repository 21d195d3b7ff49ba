"""The catalogue by API: who sees what of operators, bad values, pages."""

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


@pytest.fixture
def five(database: Database) -> None:
    with database.transaction() as session:
        operators.add(session, "4271", "Anna", ["it"], ["all"], datetime.now().astimezone())
        for number in range(5):
            keep(session, f"call-{number}", datetime(2027, 1, 4, 9, number), operator="4271", queue="app")


async def get(client: Client, query: str, role: str = "reviewer") -> Any:  # noqa: F811
    answer = await client.get(f"/api/recordings?{query}", headers=basic(role))
    return await answer.json() if answer.status == 200 else (answer.status, await answer.text())


async def test_reviewers_know_operators_by_pseudonym_and_supervisors_by_code(client: Client, five: None) -> None:  # noqa: F811
    assert "4271" not in str(await get(client, ""))
    for role, name in (("reviewer", NAME), ("supervisor", "4271"), ("admin", "4271")):
        found = await get(client, f"operator={name}", role)
        assert [one["operator"] for one in found["recordings"]] == [name] * 5
    assert (await get(client, f"operator={NAME}", "supervisor"))["recordings"][0]["operator"] == "4271"
    assert await get(client, "operator=4271") == (
        400,
        "operator: '4271' is no pseudonym; write it as OP-7KQ2MX",
    )


async def test_pages_follow_each_other_and_are_one_search_in_the_audit(
    client: Client,  # noqa: F811
    database: Database,
    five: None,
) -> None:
    seen, after = [], ""
    while after is not None:
        page = await get(client, f"limit=2&after={after}&queue=app&queue=other")
        seen += [one["call_id"] for one in page["recordings"]]
        after = page["next"]
    assert seen == [f"call-{number}" for number in (4, 3, 2, 1, 0)]
    with database.read() as session:
        [entry] = audit.find(session, action="search-recordings")
    assert (entry.user, entry.detail) == ("reviewer", "queue=app queue=other")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("colour=red", "colour: there is no such criterion"),
        ("from=2027-02-30", "from: there is no 2027-02-30"),
        ("survey=clear", "survey: 'clear' is no question with an answer"),
        ("limit=0", "limit: '0' is no whole number from 1 to 500"),
        ("limit=501", "limit: "),
        ("limit=²", "limit: "),
        ("after=forged", "after: no page gave this"),
        ("queue=", "queue: a value is empty"),
    ],
)
async def test_a_bad_value_is_said_with_its_name(client: Client, query: str, said: str) -> None:  # noqa: F811
    status, text = await get(client, query)
    assert status == 400 and text.startswith(said)
