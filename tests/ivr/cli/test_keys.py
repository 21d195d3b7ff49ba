"""`ivr keys` as an administrator uses it."""

import json
from pathlib import Path

from ivr.cli.vault import open_vault
from ivr.settings import load
from ivr.store import audit
from ivr.store.database import Database
from recordings.ingest import ingest
from tests.ivr.cli.conftest import Ivr
from tests.recordings.conftest import ROME, add_call
from tests.recordings.spooled import spooled


def test_a_rotation_from_the_first_key_to_its_end(ivr: Ivr, data: Path, tmp_path: Path) -> None:
    settings = load(data)
    database, vault = Database(settings.database_url), open_vault(settings)
    add_call(database, "call")
    assert ingest(database, vault, spooled(tmp_path, "call-1", bytes(4000)), ROME) == "call-1"
    (first,) = json.loads(ivr("keys", "list", "--data", data, "--json").out)
    assert (first["copy"], first["state"], first["wraps"]) == ("original", "in use", 1)

    done = ivr("keys", "rotate", "--data", data, "--json")
    assert done.status == 0 and [one["keys"] for one in json.loads(done.out)] == [1, 0]
    rows = {one["id"]: one for one in json.loads(ivr("keys", "list", "--data", data, "--json").out)}
    assert len(rows) == 3 and rows[first["id"]]["state"] == "former"
    new = json.loads(done.out)[0]["kek"]
    refused = ivr("keys", "remove", new, "--data", data)
    assert refused.status == 1 and "is the one in use" in refused.err
    assert ivr("keys", "remove", first["id"], "--data", data).status == 0
    assert not (data / "secrets/recordings" / first["id"]).exists()
    assert ivr("recordings", "export", "call-1", tmp_path / "out.wav", "--data", data).status == 0
    with database.read() as session:
        actions = {(one.action, one.subject) for one in audit.find(session, user="command line")}
    assert {("rotate-key", new), ("remove-key", first["id"])} <= actions

    (data / "secrets/recordings" / new).unlink()
    missing = ivr("keys", "list", "--data", data)
    assert missing.status == 1 and "missing" in missing.out
    refused = ivr("recordings", "export", "call-1", tmp_path / "none.wav", "--data", data)
    assert refused.status == 1 and f"the key {new} is not in" in refused.err and not (tmp_path / "none.wav").exists()
    assert ivr("keys", "remove", "original-1", "--data", data).status == 1
