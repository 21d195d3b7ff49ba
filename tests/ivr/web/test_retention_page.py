"""`/retention`: what a privacy officer sees of the nights to come and those that were; the same as JSON and metrics."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession

from ivr.store.database import Database
from ivr.store.schema import PurgeRun
from recordings import holds
from recordings.holds import Target
from recordings.nightly import BY
from recordings.retention import night
from tests.ivr.web.conftest import Site
from tests.ivr.web.test_access import basic
from tests.recordings.house import ROME, House
from tests.recordings.house import house as build

pytestmark = pytest.mark.asyncio(loop_scope="session")


def newest() -> datetime:
    """The last night that was due: between midnight and its hour that is not the one of today's date."""
    return night(datetime.now(UTC), time(2, 30), ROME)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """One recording that goes tomorrow night, one that is held, one that is late."""
    one = build(database, tmp_path / "house")
    day = newest().astimezone(ROME).replace(hour=12)
    one.record("next", day - timedelta(days=180))
    one.record("held", day - timedelta(days=180))
    one.record("late", day - timedelta(days=181))
    holds.add(
        database, one.store, Target("held"), reason="complaint 17", until=date.today() + timedelta(days=30), by="rossi",
        today=date.today(),
    )  # fmt: skip
    return one


async def test_the_next_nights_the_holds_and_the_runs(house: House, site: Site) -> None:
    await site.sign_in("privacy-officer")
    await site.open("/retention")
    main = await site.page.inner_text("main")
    assert "1 registrazioni scadute" in main and "complaint 17" in main and "tutta la chiamata" in main
    cells = await site.page.eval_on_selector_all(
        "table:first-of-type tbody tr:first-child td", "all => all.map(e => e.innerText)"
    )
    assert cells[2:4] == ["2", "1"], "two of tomorrow night, one of them held"
    house.run(newest())
    with house.database.transaction() as session:
        now = datetime.now(UTC)
        session.add(
            PurgeRun(
                by=BY, as_of=now, started_at=now, ended_at=now, deleted=3, findings=["file-without-row x: <b>y</b>"]
            )
        )
    await site.page.reload()
    main = await site.page.inner_text("main")
    assert "Nulla di ciò che è scaduto è rimasto." in main and "file-without-row x: <b>y</b>" in main
    assert await site.barriers() == [] and site.complaints.lines == []


async def test_the_same_as_json_and_for_prometheus(house: House, address: str) -> None:
    async with ClientSession() as web:
        async with web.get(f"{address}/api/retention", headers=basic("privacy-officer")) as answer:
            seen = await answer.json()
        assert seen["overdue"] == 1 and seen["holds"][0]["reason"] == "complaint 17" and seen["runs"] == []
        house.run(newest())
        async with web.get(f"{address}/api/retention", headers=basic("privacy-officer")) as answer:
            seen = await answer.json()
        assert seen["overdue"] == 0 and (seen["runs"][0]["deleted"], seen["runs"][0]["by"]) == (1, "a test")
        async with web.get(f"{address}/metrics", headers=basic("admin")) as answer:
            told = dict(line.split() for line in (await answer.text()).splitlines() if not line.startswith("#"))
    figures = {name: told[f"numero_nero_purge_{name}"] for name in ("overdue", "deleted", "failed")}
    assert figures == {"overdue": "0.0", "deleted": "1.0", "failed": "0.0"}
    assert abs(float(told["numero_nero_purge_last_run_timestamp_seconds"]) - datetime.now(UTC).timestamp()) < 60
