"""The suite that we ship finds nothing in our own backends and in one of somebody else's, and much in bad ones."""

import json
import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from ivr.store.database import Database
from ivr.tickets.backend import Seen
from ivr.tickets.conformance import CHECKS, conformance
from ivr.tickets.embedded import Embedded
from ivr.tickets.outcome import Draft
from tests import rt

HERE = Path(__file__).parent


def test_embedded(database: Database) -> None:
    assert [one.problem for one in conformance(Embedded(database))] == [""] * len(CHECKS)


def ivr(data: Path, *arguments: str, status: int = 0, **environment: str) -> str:
    command = [sys.executable, "-m", "ivr.cli.main", *arguments, "--data", str(data)]
    path = os.pathsep.join([str(HERE / "folder_backend"), *sys.path])
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=150, env=os.environ | {"PYTHONPATH": path, **environment}
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if "--json" in arguments else done.stdout + done.stderr


def test_request_tracker_by_the_command(rt_server: rt.RequestTracker, tmp_path: Path) -> None:
    fields = 'type = "type"\noutcome = "outcome"\n'
    (tmp_path / "numero-nero.toml").write_text(
        f'[tickets]\nbackend = "rt"\n[tickets.rt]\nurl = "{rt_server.address}"\nqueue = "{rt.QUEUE}"\n'
        f"[tickets.rt.fields]\n{fields}"
    )
    assert "needs the secret 'rt-token'" in ivr(tmp_path, "tickets", "check", status=2)
    token = {"NUMERO_NERO_SECRET_RT_TOKEN": rt_server.token}
    assert "401" in ivr(tmp_path, "tickets", "check", status=1, NUMERO_NERO_SECRET_RT_TOKEN="1-2-wrong")
    assert json.loads(ivr(tmp_path, "tickets", "check", "--json", **token)) == []
    found = json.loads(ivr(tmp_path, "tickets", "conformance", "rt", "--json", **token))
    assert [one["problem"] for one in found] == [""] * len(CHECKS)


def test_a_backend_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "numero-nero.toml").write_text(
        f'[tickets]\nbackend = "folder"\n[tickets.options]\npath = "{tmp_path / "tickets"}"\n'
    )
    assert "make it" in ivr(tmp_path, "tickets", "check", status=1)
    (tmp_path / "tickets").mkdir()
    found = json.loads(ivr(tmp_path, "tickets", "conformance", "folder", "--json"))
    assert [one["problem"] for one in found] == [""] * len(CHECKS)
    assert "there are embedded, rt, zammad, glpi, folder" in ivr(tmp_path, "tickets", "conformance", "none", status=2)


def test_what_a_bad_backend_does_wrong_is_found(database: Database) -> None:
    class Forgetful(Embedded):
        """Makes a ticket each time, and finds none."""

        def put(self, drafts):  # type: ignore[no-untyped-def]
            return super().put([Draft(f"{one.call_id}-{os.urandom(4).hex()}", one.type, one.subject) for one in drafts])

    class Slow(Embedded):
        """What was made is found only later, as by an index that lags."""

        def find(self, call_ids: Collection[str]) -> dict[str, Seen]:
            return {}

    class Picky(Embedded):
        def put(self, drafts):  # type: ignore[no-untyped-def]
            if any(not one.subject.isascii() for one in drafts):
                raise ValueError("no such letters here")
            return super().put(drafts)

    problems = [sum(bool(one.problem) for one in conformance(bad(database))) for bad in (Forgetful, Slow, Picky)]
    assert problems[0] >= 4 and problems[1] >= 2 and problems[2] == 1


@pytest.mark.parametrize("arguments", [["retry", "--all"], ["list", "--failed"], ["reconcile"]])
def test_the_commands_of_an_empty_house(tmp_path: Path, arguments: list[str]) -> None:
    Database(f"sqlite:///{tmp_path / 'database.sqlite3'}").migrate()
    answer = json.loads(ivr(tmp_path, "tickets", *arguments, "--json"))
    assert answer in ([], [{"due": 0}])
