"""`ivr originals`: with a user's password, never one's own request."""

import io
import json
from datetime import datetime
from pathlib import Path

import pytest

from ivr.settings import load
from ivr.store.database import Database
from ivr.web.users import add_user
from tests.ivr.cli.conftest import Done, Ivr
from tests.recordings.kept import keep


@pytest.fixture(autouse=True)
def people(data: Path) -> None:
    with Database(load(data).database_url).transaction() as session:
        keep(session, "call", datetime(2027, 1, 4, 9))
        for name, role in (("anna", "privacy-officer"), ("bruno", "admin"), ("carla", "designer")):
            add_user(session, name, role, password=f"{name}-password")


def test_asked_approved_and_listed(ivr: Ivr, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(user: str, *arguments: str, password: str = "") -> Done:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password or user + '-password'}\n"))
        return ivr("originals", *arguments, "--as", user, "--data", data)

    request = ("request", "call-1", "--reason", "complaint 17")
    assert "wrong name or password" in run("anna", *request, password="x").err
    assert "the role designer may not" in run("carla", *request).err
    assert run("anna", "request", "call-1", "--reason", " ").status == 2
    assert "there is no recording other" in run("anna", "request", "other", "--reason", "why").err
    assert run("anna", *request).status == 0
    refused = run("anna", "approve", "1")
    assert refused.status == 1 and "somebody else must approve it" in refused.err
    assert run("bruno", "approve", "1").status == 0
    (row,) = json.loads(ivr("originals", "list", "--json", "--data", data).out)
    assert (row["asked_by"], row["approved_by"], row["reason"]) == ("anna", "bruno", "complaint 17")
    assert "bruno" in ivr("originals", "list", "--data", data).out
    assert "approve-original" in ivr("audit", "list", "--data", data).out


def test_an_export_is_in_the_audit(ivr: Ivr, data: Path, tmp_path: Path) -> None:
    assert ivr("recordings", "export", "call-1", tmp_path / "call.wav", "--data", data).status == 1
    (entry,) = json.loads(ivr("audit", "list", "--action", "export", "--json", "--data", data).out)
    assert (entry["subject"], entry["detail"]) == ("call-1", "original")
