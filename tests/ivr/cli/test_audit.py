"""`ivr audit` as an auditor uses it."""

import json
from pathlib import Path

from sqlalchemy import delete, text

from ivr.settings import load
from ivr.store import audit
from ivr.store.database import Database
from ivr.store.schema import AuditEntry
from tests.ivr.cli.conftest import Ivr


def fill(data: Path) -> Database:
    database = Database(load(data).database_url)
    for number in range(5):
        with database.transaction() as session:
            audit.write(session, "rossi" if number % 2 else "bianchi", "listen", f"recording {number}", "complaint 7")
    return database


def test_the_log_is_listed_by_page_and_by_what_is_asked(ivr: Ivr, data: Path) -> None:
    fill(data)
    page = json.loads(ivr("audit", "list", "--data", data, "--json", "--limit", 2).out)
    assert [entry["seq"] for entry in page] == [5, 4]
    page = json.loads(ivr("audit", "list", "--data", data, "--json", "--limit", 2, "--before", 4).out)
    assert [entry["seq"] for entry in page] == [3, 2]
    of_rossi = json.loads(ivr("audit", "list", "--data", data, "--json", "--user", "rossi", "--action", "lis").out)
    assert [entry["subject"] for entry in of_rossi] == ["recording 3", "recording 1"]
    assert json.loads(ivr("audit", "list", "--data", data, "--json", "--to", "2026-01-01").out) == []
    assert "complaint 7" in ivr("audit", "list", "--data", data).out


def test_verify_says_whole_or_names_the_first_broken_entry(ivr: Ivr, data: Path) -> None:
    database = fill(data)
    done = ivr("audit", "verify", "--data", data, "--json")
    whole = json.loads(done.out)
    assert done.status == 0 and (whole["whole"], whole["entries"]) == (True, 5)
    assert ivr("audit", "verify", "--data", data, "--head", whole["head"]).status == 0
    unknown = ivr("audit", "verify", "--data", data, "--head", "5e" * 32)
    assert unknown.status == 1 and "5e5e5e5e" in unknown.out
    with database.transaction() as session:
        session.execute(text("DROP TRIGGER audit_no_delete"))
        session.execute(delete(AuditEntry).where(AuditEntry.seq == 3))
    done = ivr("audit", "verify", "--data", data, "--json")
    found = json.loads(done.out)
    assert done.status == 1 and (found["first_broken"], found["what"]) == (3, "removed")
