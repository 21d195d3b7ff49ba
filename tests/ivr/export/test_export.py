"""An export is read back: every row of the period, every type, described column by column, without numbers of callers;
whole, or not there."""

import csv
import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from arro3.io import read_parquet
from sqlalchemy import event, func, select, text

from ivr.export.export import ExportError, Wanted, export
from ivr.export.plan import plans
from ivr.store import audit, dictionary, numbers
from ivr.store.database import Database
from ivr.store.schema import Base, JourneyEntry, SurveyAnswer, Ticket
from ivr.tickets import desk
from ivr.tickets.clock import Terms
from ivr.tickets.embedded import Embedded
from ivr.tickets.outcome import Draft
from tests.ivr.web.v1.conftest import MORNING, NUMBER, OTHER, call, day  # noqa: F401 a fixture

ROME, KEY = ZoneInfo("Europe/Rome"), "of-tests-callers"
YEAR = (date(2027, 1, 1), date(2027, 12, 31))


def wanted(format: str = "parquet", days: tuple[date, date] = YEAR, *, numbers: bool = False) -> Wanted:
    return Wanted(*days, format, ROME, KEY, numbers=numbers)


def parquet(path: Path) -> list[dict[str, Any]]:
    return [
        dict(zip(batch.schema.names, values, strict=True))
        for batch in read_parquet(path)
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    ]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_table_is_exported_or_left_out_for_a_reason_and_every_column_described() -> None:
    said, tables = dictionary.tables(), Base.metadata.tables
    assert said.keys() == tables.keys()
    for name, one in said.items():
        assert bool(one.left_out) != bool(one.meaning), name
        if one.meaning:
            assert set(one.columns) == {column.name for column in tables[name].columns}, name
            assert one.by in ("", "call", *one.columns) and (one.by != "call" or "call_id" in one.columns), name
        for column, meaning in one.columns.items():
            assert bool(meaning.left_out) != bool(meaning.meaning), (name, column)
            assert meaning.personal in ("", "number", "text"), (name, column)
    secrets = {("users", "password"), ("api_keys", "digest"), ("recording_keys", "wrapped"), ("sign_ins", "key")}
    exported = {(plan.table, field.name) for plan in plans(MORNING, MORNING) for field in plan.fields}
    assert not exported & secrets and ("operators", "name") not in exported


def test_parquet_read_back_is_what_the_store_holds(database: Database, day: list[str], tmp_path: Path) -> None:  # noqa: F811
    folder = tmp_path / "out"
    manifest = export(database, wanted(), folder)
    calls = parquet(folder / "calls.parquet")
    assert [one["id"] for one in calls] == day
    first = calls[0]
    assert first["started_at"] == MORNING and first["ended_at"] == MORNING + timedelta(minutes=5)
    assert (first["caller"], first["waited"], first["version"]) == (numbers.pseudonym(NUMBER, KEY), 0.0, 0)
    assert json.loads(first["ticket"])["fields"] == {"reason": "payments"}
    [recording, *_] = parquet(folder / "recordings.parquet")
    assert (recording["day"], recording["complete"], recording["purged_at"]) == (date(2027, 1, 4), True, None)
    answers = parquet(folder / "survey_answers.parquet")
    assert [one["answer"] for one in answers if one["call_id"] == "call-0"] == [5, None]
    with database.read() as session:
        journey = session.scalar(select(func.count()).select_from(JourneyEntry))
    rows = {one.table: one.rows for one in manifest.files}
    assert rows["journey"] == len(parquet(folder / "journey.parquet")) == journey
    schema = read_parquet(folder / "calls.parquet").schema
    assert schema.field("waited").metadata_str["unit"] == "s"
    assert schema.field("waited").metadata_str["description"] == "Time in the queue"


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_no_file_has_a_number_of_a_caller_in_it_unless_it_is_asked_for(
    database: Database,
    day: list[str],  # noqa: F811
    tmp_path: Path,
    format: str,
) -> None:
    def told(name: str, *, numbers: bool) -> str:
        folder = tmp_path / name
        manifest = export(database, wanted(format, numbers=numbers), folder)
        assert manifest.callers == ("numbers" if numbers else "pseudonyms")
        read: Any = parquet if format == "parquet" else table
        return str([read(path) for path in sorted(folder.glob(f"*.{format}")) if path.name != "dictionary.csv"])

    Embedded(database).put([Draft(day[0], "Q", f"of {NUMBER}")])
    with database.transaction() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.call_id == day[0])).one()
        ticket.created_at = MORNING
        desk.comment(session, ticket.number, f"said by {NUMBER}", by="rossi", now=MORNING)
        desk.change(session, ticket.number, "subject", f"changed by {NUMBER}", by="rossi", now=MORNING, terms=Terms())
    hidden, shown = told("hidden", numbers=False), told("shown", numbers=True)
    for number in (NUMBER, OTHER):
        assert number[3:] not in hidden and numbers.pseudonym(number, KEY) in hidden
        assert number in shown and f"said by {NUMBER}" in shown and f"of {NUMBER}" in shown
        assert numbers.pseudonym(number, KEY) not in shown


def test_csv_tells_nothing_from_an_empty_text_and_keeps_every_character(
    database: Database,
    day: list[str],  # noqa: F811
    tmp_path: Path,
) -> None:
    note = 'a "quoted", line\r\nanother; =1+1 čžß 電話 🙂'
    call(database, "odd", MORNING + timedelta(days=1), note=note)
    folder = tmp_path / "out"
    export(database, wanted("csv"), folder)
    assert table(folder / "calls.csv")[-1]["note"] == note
    lines = (folder / "calls.csv").read_text("utf-8").splitlines()
    assert lines[0].startswith('"id","channel"') and ',"",' in lines[1]
    assert '"2027-01-04T08:00:00.000000Z"' not in lines[1] and "2027-01-04T08:00:00.000000Z" in lines[1]
    assert (folder / "survey_answers.csv").read_bytes().count(b'"polite",\r\n') == 3
    said = table(folder / "dictionary.csv")
    exported = {(one["table"], one["column"]) for one in said if one["column"]}
    for path in folder.glob("*.csv"):
        if path.stem != "dictionary":
            assert {column for name, column in exported if name == path.stem} == set(next(csv.reader(path.open())))
    assert all(one["meaning"] for one in said)


def test_the_manifest_has_every_file_with_its_digest(database: Database, day: list[str], tmp_path: Path) -> None:  # noqa: F811
    folder = tmp_path / "out"
    export(database, wanted("csv"), folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["first"], manifest["last"], manifest["zone"]) == ("2027-01-01", "2027-12-31", "Europe/Rome")
    files = {one["file"]: one for one in manifest["files"]}
    assert {path.name for path in folder.iterdir()} == {*files, "manifest.json"}
    for name, one in files.items():
        content = (folder / name).read_bytes()
        assert (one["bytes"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_call_belongs_to_the_day_of_the_zone_in_which_it_began_and_takes_its_own_along(
    database: Database, tmp_path: Path
) -> None:
    last_second = datetime(2027, 1, 31, 22, 59, 59, tzinfo=UTC)  # of January in Rome
    call(database, "january", last_second, survey={"clear": 1})
    call(database, "february", last_second + timedelta(seconds=1), survey={"clear": 2})
    january = (date(2027, 1, 1), date(2027, 1, 31))
    export(database, wanted(days=january), tmp_path / "one")
    export(database, wanted(days=(date(2027, 2, 1), date(2027, 2, 1))), tmp_path / "two")
    for name, id in (("one", "january"), ("two", "february")):
        for of in ("calls", "survey_answers", "journey", "recordings", "ticket_outbox"):
            rows = parquet(tmp_path / name / f"{of}.parquet")
            assert {row.get("call_id", row["id"] if of == "calls" else "") for row in rows} == {id}, of


def test_one_moment_is_exported_whoever_writes_meanwhile(database: Database, day: list[str], tmp_path: Path) -> None:  # noqa: F811
    wrote = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def late(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "survey_answers" in statement and "SELECT" in statement and not wrote:
            wrote.append(statement)
            call(database, "late", MORNING, survey={"clear": 1})

    export(database, wanted(), tmp_path / "out")
    event.remove(database.engine, "before_cursor_execute", late)
    with database.read() as session:
        assert wrote and session.get(SurveyAnswer, ("late", "after", "clear")) is not None
    assert "late" not in {one["call_id"] for one in parquet(tmp_path / "out" / "survey_answers.parquet")}


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_what_breaks_off_leaves_nothing(database: Database, day: list[str], tmp_path: Path, format: str) -> None:  # noqa: F811
    folder = tmp_path / "out"
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE survey_answers RENAME TO away"))
    with pytest.raises(Exception, match="survey_answers"):
        export(database, wanted(format), folder)
    assert list(tmp_path.glob("*out*")) == []
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO survey_answers"))
    (tmp_path / ".out.part").mkdir()  # of one that was killed
    (tmp_path / ".out.part" / "calls.csv").write_text("half")
    folder.mkdir()
    export(database, wanted(format), folder)
    assert (folder / "manifest.json").exists() and [one.name for one in tmp_path.glob("*out*")] == ["out"]
    with pytest.raises(ExportError, match="is not an empty folder"):
        export(database, wanted(format), folder)


def test_the_audit_entry_is_exported_as_it_is(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        audit.write(session, "rossi", "listen", "r-1", "original")
    export(database, wanted(days=(date(2020, 1, 1), date(2099, 12, 31))), tmp_path / "out")
    [entry] = parquet(tmp_path / "out" / "audit.parquet")
    assert (entry["user"], entry["action"], entry["detail"]) == ("rossi", "listen", "original")
