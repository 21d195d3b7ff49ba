"""The API over a real server, once on SQLite and once on PostgreSQL, with a centre's small day in the store."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ivr.store import calls, operators
from ivr.store.database import Database
from ivr.store.schema import CallbackRequest
from ivr.web.v1 import keys
from ivr.web.v1.scopes import SCOPES
from tests.conftest import database  # noqa: F401 on both stores
from tests.ivr.web.conftest import make
from tests.recordings.kept import record

ALL = list(SCOPES)
VEILED = [scope for scope in ALL if scope not in ("callers:read", "operators:read")]
NUMBER, OTHER, OPERATOR = "+390471123456", "+393331234567", "4271"
MORNING = datetime(2027, 1, 4, 8, tzinfo=UTC)


def call(
    database: Database,  # noqa: F811
    id: str,
    at: datetime = MORNING,
    *,
    caller: str = NUMBER,
    served: bool = True,
    survey: dict[str, int | None] | None = None,
    ticket: dict[str, Any] | None = None,
    **facts: Any,
) -> str:
    """A call that is over; of one that was served there are a journey and a recording, too."""
    with database.transaction() as session:
        calls.start(
            session, id=id, channel=id, controller="1", called="+390600000001", caller=caller, flow="sportello",
            started_at=at,
        )  # fmt: skip
        entries = [("queue", "", {"queue": "desk"}), ("offer", "", {"operator": OPERATOR}), ("connected", OPERATOR, {})]
        entries = [*(entries if served else []), ("digits", "ask", {"digits": caller.removeprefix("+39")})]
        journey = [{"kind": kind, "node": node, "detail": detail} for kind, node, detail in entries]
        rows = [one | {"call_id": id, "seq": seq, "at": at} for seq, one in enumerate(journey, 1)]
        calls.add_journey(session, rows)
        known: dict[str, Any] = {"outcome": "served", "operator": OPERATOR, "queue": "desk"} if served else {}
        end = at + timedelta(minutes=5)
        calls.finish(
            session, id, ended_at=end, ticket_due_at=end, survey={"after": survey} if survey else {},
            ticket=ticket or {}, **({"outcome": "abandoned"} | known | facts),
        )  # fmt: skip
        if served:
            record(session, id, at, seconds=240.0)
    return id


@pytest.fixture
def day(database: Database) -> list[str]:  # noqa: F811
    """Five calls, an hour apart; the second has a wish to be called back at another number."""
    with database.transaction() as session:
        operators.add(session, OPERATOR, "Anna", ["it"], ["all"], MORNING)
    ids = [
        call(
            database, f"call-{number}", MORNING + timedelta(hours=number), served=number != 1,
            survey={"clear": 5 - number, "polite": None} if number % 2 == 0 else None,
            ticket={"subject": f"From {NUMBER}", "fields": {"reason": "payments"}} if number == 0 else None,
            note=f"calls again from {OTHER} or {NUMBER}" if number == 1 else "",
        )
        for number in range(5)
    ]  # fmt: skip
    with database.transaction() as session:
        wish = CallbackRequest(
            call_id="call-1", queue="desk", number=OTHER, language="it", asked_at=MORNING, state="waiting",
            since=MORNING, skills=[], priority=0, due_at=MORNING,
        )  # fmt: skip
        session.add(wish)
    return ids


class Api:
    """`await api("GET", "/calls")` → status, headers, JSON."""

    def __init__(self, client: TestClient[Any, Any], database: Database) -> None:  # noqa: F811
        self.client, self._database = client, database
        self._keys: dict[tuple[str, ...], str] = {}

    def key(self, scopes: list[str], **kind: Any) -> str:
        if kind or tuple(scopes) not in self._keys:
            with self._database.transaction() as session:
                name = f"key-{len(keys.listed(session))}"
                self._keys[tuple(scopes)] = keys.add(session, name, scopes, by="tests", **kind)
        return self._keys[tuple(scopes)]

    async def __call__(
        self, method: str, path: str, *, scopes: list[str] = ALL, key: str = "", **more: Any
    ) -> tuple[int, Any, Any]:
        headers = {"Authorization": f"Bearer {key or self.key(scopes)}"} | more.pop("headers", {})
        answer = await self.client.request(method, f"/api/v1{path}", headers=headers, **more)
        body = await answer.json(content_type=None) if await answer.read() else None
        return answer.status, answer.headers, body

    async def get(self, path: str, scopes: list[str] = ALL) -> Any:
        status, _, body = await self("GET", path, scopes=scopes)
        assert status == 200, body
        return body


@pytest.fixture
async def api(database: Database, tmp_path: Path, flows: Path) -> AsyncIterator[Api]:  # noqa: F811
    async with TestClient(TestServer(make(tmp_path, database, flows))) as client:
        yield Api(client, database)
