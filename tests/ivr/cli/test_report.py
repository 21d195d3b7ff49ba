"""`ivr report tickets`."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from ivr.settings import load
from ivr.store.database import Database
from ivr.tickets import desk
from ivr.tickets.clock import Terms
from ivr.tickets.embedded import Embedded
from ivr.tickets.outcome import Draft
from tests.ivr.cli.conftest import Ivr


def test_a_months_tickets_as_a_table_as_json_and_as_a_workbook(ivr: Ivr, data: Path, tmp_path: Path) -> None:
    (data / "numero-nero.toml").write_text("[tickets.prices]\nQ = 3.15\n")
    database = Database(load(data).database_url)
    Embedded(database).put([Draft(f"c{n}", "Q", "x") for n in range(3)])
    with database.transaction() as session:
        for number in (1, 2, 3):
            now = datetime(2026, 11, 30, 22, 59, tzinfo=UTC)
            desk.change(session, number, "state", "closed", by="rossi", now=now, terms=Terms())
    told = json.loads(ivr("report", "tickets", "--month", "2026-11", "--data", data, "--json").out)
    assert (told["total"], told["lines"][0]) == ("9.45", {"what": "Q", "tickets": 3, "price": "3.15", "amount": "9.45"})
    file = tmp_path / "november.xlsx"
    table = ivr("report", "tickets", "--month", "2026-11", "--data", data, "--excel", file)
    assert table.status == 0 and table.out.splitlines()[-1].split() == ["total", "9.45"]
    assert zipfile.ZipFile(file).testzip() is None
    again = ivr("report", "tickets", "--month", "2026-11", "--data", data, "--excel", file)
    assert again.status == 1 and "is there already" in again.err
    assert ivr("report", "tickets", "--month", "2026-11", "--data", data, "--excel", file, "--force").status == 0
    away = ivr("report", "tickets", "--month", "2026-11", "--data", data, "--excel", tmp_path / "no" / "x.xlsx")
    assert away.status == 1 and "cannot be written" in away.err
    for month in ("2026-13", "november", "2026-11-01", "0000-01"):
        assert ivr("report", "tickets", "--month", month, "--data", data).status == 2
