"""`/metrics`: one scrape tells of the house and of every controller; the manual, the dashboard and the rules agree."""

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from ivr import metrics
from ivr.store import controllers
from ivr.store.database import Database
from ivr.store.schema import PurgeRun
from ivr.watching import book
from ivr.watching.alarms import Alarm
from ivr.watching.book import Book
from tests.ivr.controllers import NAME, Controller, running
from tests.ivr.web.conftest import LINK_TOKEN, SCRAPER, make
from tests.ivr.web.test_access import basic

DOCS = Path(__file__).parents[3] / "docs"
SECRET = {"Authorization": f"Bearer {SCRAPER}"}
Client = TestClient[Any, Any]
Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
async def client(database: Database, users: None, tmp_path: Path, flows: Path) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make(tmp_path, database, flows))) as one:
        yield one


@pytest.fixture
async def controller(database: Database, tmp_path: Path) -> AsyncIterator[Controller]:
    """It leads; and `silent` has a heartbeat, but nobody is at its address."""
    (tmp_path / "line").mkdir()
    async with running(database, tmp_path / "line", LINK_TOKEN) as one:
        one.link.on(metrics.Figures, metrics.figures)
        now = datetime.now(UTC)
        with database.transaction() as session:
            controllers.heartbeat(session, "silent", pid=1, started_at=now, now=now, calls=0, address="127.0.0.1:1")
        yield one


async def scrape(client: Client, headers: dict[str, str] = SECRET) -> Figures:
    answer = await client.get("/metrics", headers=headers)
    assert answer.status == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(await answer.text())
        for sample in family.samples
    }


def of(controller: str, **labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({"controller": controller, **labels}.items()))


async def test_one_scrape_tells_of_every_controller_and_of_who_waits(client: Client, controller: Controller) -> None:
    controller.wait("waits-1")
    metrics.TAKEOVERS.inc()
    metrics.CLAIMS("won").inc(3)
    told = await scrape(client)
    assert told["numero_nero_controller_up", of(NAME)] == 1 and told["numero_nero_controller_up", of("silent")] == 0
    assert told["numero_nero_takeovers_total", of(NAME)] >= 1
    assert told["numero_nero_claims_total", of(NAME, result="won")] >= 3
    assert told["numero_nero_queue_waiting", (("queue", "desk"),)] == 1
    assert told["numero_nero_queue_waiting", (("queue", "empty"),)] == 0
    assert told["numero_nero_operators", (("state", "paused"),)] == 2
    assert told["numero_nero_operators", (("state", "talking"),)] == 0
    assert told["process_resident_memory_bytes", of(NAME)] > 1 << 20


async def test_what_waits_is_not_told_twice_with_labels_that_change(client: Client, controller: Controller) -> None:
    told = await scrape(client)
    house = {name for name, labels in told if "controller" not in dict(labels)}
    assert not house & {name for name, labels in told if "controller" in dict(labels)}


async def test_the_secret_opens_the_figures_alone_and_does_so_while_the_store_is_away(
    client: Client, database: Database, controller: Controller
) -> None:
    assert (await scrape(client, basic("supervisor")))["numero_nero_store_up", ()] == 1
    for wrong in ("Bearer wrong", "Bearer ", f"Bearer {SCRAPER}x", ""):
        assert (await client.get("/metrics", headers={"Authorization": wrong})).status == 401
    assert (await client.get("/api/status", headers=SECRET)).status == 401
    with database.engine.begin() as connection:
        for table in ("controllers", "leases", "ticket_outbox"):
            connection.execute(text(f"ALTER TABLE {table} RENAME TO {table}_away"))
    told = await scrape(client)
    assert told["numero_nero_store_up", ()] == 0 and ("numero_nero_tickets_pending", ()) not in told
    assert told["numero_nero_controller_up", of(NAME)] == 1, "as it was known before"
    assert told["numero_nero_disk_free_bytes", ()] > 0
    assert (await client.get("/readyz")).status == 200, "it answers; what we took away were tables"


async def everything(client: Client, database: Database, data: Path) -> set[str]:
    """The names of all figures, with something that each can tell of."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        session.add(PurgeRun(by="a test", as_of=now, started_at=now, ended_at=now))
    book.write(data, Book({"calls": Alarm(1.0, 2.0, "nobody is ready", 2.0)}))
    body = await (await client.get("/metrics", headers=SECRET)).text()
    assert 'numero_nero_alarm{alarm="calls"} 1.0' in body
    kinds = re.findall(r"^# TYPE (\S+) (\S+)$", body, re.MULTILINE)
    return {name for name, _ in kinds if name.startswith("numero_nero_")}


async def test_each_figure_is_in_the_manual_and_each_of_the_manual_is_told(
    client: Client, database: Database, controller: Controller, tmp_path: Path
) -> None:
    rows = re.findall(r"^\| `(numero_nero_\w+)` \|", (DOCS / "observability.md").read_text("utf-8"), re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == await everything(client, database, tmp_path)


def named(expressions: list[str]) -> set[str]:
    names = {name for one in expressions for name in re.findall(r"\bnumero_nero_\w+", one)}
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DOCS / "observability/prometheus-rules.yaml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_the_dashboard_and_the_rules_name_nothing_that_is_not_told() -> None:
    manual = (DOCS / "observability.md").read_text("utf-8")
    known = set(re.findall(r"^\| `(numero_nero_\w+)` \|", manual, re.MULTILINE))
    board = json.loads((DOCS / "observability/grafana-dashboard.json").read_text("utf-8"))
    targets = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert named(targets) and named(targets) <= known
    assert named([rule["expr"] for rule in rules()]) <= known
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
    assert len(set(places)) == len(places) and all(x + 8 <= 24 for x, _ in places)
    alerts = {rule["alert"] for rule in rules()}
    cells = re.findall(r"^\| `numero_nero_.*\| ([^|]*) \|$", manual, re.MULTILINE)
    assert {name.strip() for cell in cells for name in cell.split(",") if name.strip()} == alerts - {"NumeroNeroGone"}


def test_each_rule_is_whole() -> None:
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule
        assert rule["labels"]["severity"] in ("critical", "warning") and set(rule["annotations"]) == {"summary", "mend"}
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
        assert rule["expr"].count("(") == rule["expr"].count(")")


async def test_health_without_a_login(client: Client, database: Database) -> None:
    assert (await client.get("/healthz")).status == 200
    answer = await client.get("/readyz")
    assert (answer.status, await answer.json()) == (200, {"store": True})
