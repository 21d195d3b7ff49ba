"""A year is online: what retention takes (sound and numbers, each after 180 days) leaves the calls, in the API and in
an export."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ivr.export.export import export
from ivr.settings import load
from ivr.store.database import Database
from ivr.store.numbers import MARK
from recordings.purge import Purge, Rules
from recordings.stores.folder import Folder
from tests.ivr.export.test_export import ROME, parquet, wanted
from tests.ivr.web.conftest import CALLERS
from tests.ivr.web.v1.conftest import Api, call

FIRST, DAYS = datetime(2027, 1, 1, 11, tzinfo=UTC), range(0, 365, 7)


async def test_a_year_of_calls_is_served_and_exported_after_every_nights_purge(
    api: Api, database: Database, tmp_path: Path
) -> None:
    for day in DAYS:
        call(database, f"day-{day:03}", FIRST + timedelta(days=day), survey={"clear": 1 + day % 5})
    kept = load(tmp_path).recordings
    rules = Rules(ROME, kept.keep_days, kept.pseudonyms_after, CALLERS)
    night = FIRST + timedelta(days=365)
    purged = list(Purge(database, Folder(tmp_path / "kept"), tmp_path / "spool", rules, night).run("tests"))
    assert len(purged) == sum(365 - day > kept.keep_days for day in DAYS) > 20

    seen, after = [], ""
    while after is not None:
        page = await api.get(f"/calls?limit=20&order=oldest&after={after}&from=2027-01-01T00:00:00Z")
        seen += page["items"]
        after = page["next"]
    assert [one["id"] for one in seen] == [f"day-{day:03}" for day in DAYS]
    assert sum(one["caller"].startswith(MARK) for one in seen) == len(purged), "their time is as long"
    assert (await api.get("/survey-answers?call=day-000"))["items"][0]["answer"] == 1
    assert len((await api.get("/calls/day-000/journey"))["entries"]) == 4
    assert (await api("GET", "/recordings/day-000-1"))[0] == 410

    export(database, wanted(days=(date(2027, 1, 1), date(2027, 12, 31))), tmp_path / "out")
    rows = {path.stem: len(parquet(path)) for path in (tmp_path / "out").glob("*.parquet")}
    assert {rows[name] for name in ("calls", "recordings", "survey_answers")} == {len(DAYS)}
    assert rows["journey"] == 4 * len(DAYS) and rows["purge_ledger"] == 0, (
        "what was purged this day belongs to the next year"
    )
