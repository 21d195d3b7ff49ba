"""`ivr export`: who may hand over what, and that it is noted before anything leaves."""

import io
import json
from pathlib import Path

import pytest

from ivr.settings import load
from ivr.store import audit
from ivr.store.database import Database
from ivr.web.users import add_user
from tests.ivr.cli.conftest import Ivr
from tests.ivr.web.v1.conftest import NUMBER, call


@pytest.fixture
def database(data: Path) -> Database:
    one = Database(load(data).database_url)
    call(one, "call-0")
    with one.transaction() as session:
        add_user(session, "bianchi", "privacy-officer", password="good")
        add_user(session, "rossi", "supervisor", password="good")
    return one


def test_an_export_is_listed_and_audited(ivr: Ivr, data: Path, database: Database, tmp_path: Path) -> None:
    done = ivr("export", "2027-01-01..2027-01-31", tmp_path / "out", "--format", "csv", "--json", "--data", data)
    rows = {one["file"]: one["rows"] for one in json.loads(done.out)}
    assert done.status == 0 and rows["calls.csv"] == 1 and (tmp_path / "out" / "calls.csv").exists()
    with database.read() as session:
        [entry] = audit.find(session)
    assert (entry.action, entry.subject) == ("export-all", "2027-01-01..2027-01-31")
    assert entry.detail == "csv, pseudonyms of callers"


def test_numbers_of_callers_take_a_reason_and_a_privacy_officer(
    ivr: Ivr, data: Path, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give(*more: str, entered: str = "good") -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(entered + "\n"))
        days = ("export", "2027-01-04", tmp_path / "out", "--format", "csv", "--callers")
        done = ivr(*days, *more, "--data", data)
        return done.status, done.err

    why = ("--reason", "handover")
    assert give() == give(*why) == give("--as", "bianchi")
    assert give()[0] == 2 and "say why with --reason" in give()[1]
    assert "the role supervisor may not do this" in give(*why, "--as", "rossi")[1]
    assert "wrong name or password" in give(*why, "--as", "bianchi", entered="bad")[1]
    assert not (tmp_path / "out").exists()
    assert give(*why, "--as", "bianchi")[0] == 0
    assert NUMBER in (tmp_path / "out" / "calls.csv").read_text()
    with database.read() as session:
        [entry] = audit.find(session)
    assert (entry.user, entry.detail) == ("bianchi", "csv, numbers of callers: handover")


@pytest.mark.parametrize("days", ["2027-01", "2027-02-01..2027-01-01", "2027-01-01..", "yesterday"])
def test_days_that_are_none_are_wrong_use(ivr: Ivr, data: Path, tmp_path: Path, days: str) -> None:
    done = ivr("export", days, tmp_path / "out", "--data", data)
    assert done.status == 2 and days in done.err and not (tmp_path / "out").exists()


def test_a_folder_that_has_something_in_it_is_left_alone(ivr: Ivr, data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    done = ivr("export", "2027-01-01", tmp_path, "--data", data)
    assert done.status == 1 and "is not an empty folder" in done.err
    done = ivr("export", "2027-01-01", tmp_path / "mine" / "out", "--data", data)
    assert done.status == 1 and "nothing was exported" in done.err
    assert (tmp_path / "mine").read_text() == "mine"
