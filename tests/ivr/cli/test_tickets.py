"""`ivr tickets` as a person runs it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ivr.cli.installation import user
from ivr.settings import load
from ivr.store import audit, calls
from ivr.store.database import Database
from ivr.tickets.embedded import Embedded
from ivr.tickets.outbox import deliver_due
from tests.ivr.cli.conftest import Done, Ivr

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest.fixture
def database(data: Path) -> Database:
    """Two calls with their tickets: one served, one given up in the queue."""
    settings = load(data)
    one = Database(settings.database_url)
    with one.transaction() as session:
        for call, outcome in (("call-1", "served"), ("call-2", "abandoned")):
            calls.start(
                session, id=call, channel=call, controller="x", called="1", caller="+390612345678", flow="f",
                started_at=NOW,
            )  # fmt: skip
            calls.add_journey(
                session,
                [
                    {"call_id": call, "seq": n, "at": NOW, "kind": kind, "node": "", "detail": {}}
                    for n, kind in enumerate(("queue", "caller-hung-up"))
                ],
            )
            said: dict[str, Any] = {"subject": "A payment", "fields": {"reason": "payment"}}
            calls.finish(
                session, call, ended_at=NOW, ticket_due_at=NOW, survey={}, outcome=outcome, queue="desk", ticket=said
            )
    deliver_due(one, Embedded(one), settings.tickets.policy(""), NOW)
    return one


def rows(done: Done) -> Any:
    assert done.status == 0, done.err
    return json.loads(done.out)


def test_list_and_show(ivr: Ivr, data: Path, database: Database) -> None:
    found = rows(ivr("tickets", "list", "--data", data, "--words", "paym*", "--type", "Q", "--json"))
    assert [(one["number"], one["state"]) for one in found] == [(2, "new"), (1, "new")]
    first = ivr("tickets", "list", "--data", data, "--limit", "1")
    assert first.out.splitlines()[1].startswith("2 ") and "--after " in first.err
    after = first.err.split()[-1]
    assert rows(ivr("tickets", "list", "--data", data, "--after", after, "--json"))[0]["number"] == 1
    for key in ("1", "call-1"):
        assert rows(ivr("tickets", "show", key, "--data", data, "--json"))["call_id"] == "call-1"
    missing = ivr("tickets", "show", "17", "--data", data)
    assert missing.status == 1 and "there is no ticket 17" in missing.err
    wrong = ivr("tickets", "list", "--data", data, "--state", "shut")
    assert wrong.status == 2 and "state: 'shut' is none of" in wrong.err


def test_change_comment_and_history(ivr: Ivr, data: Path, database: Database) -> None:
    for command, value in (("state", "open"), ("type", "PI"), ("queue", "privacy"), ("priority", "high")):
        assert rows(ivr("tickets", command, 1, value, "--data", data, "--json"))[0][command] == value
    assert rows(ivr("tickets", "specialist", 1, "yes", "--data", data, "--json"))[0]["specialist"] is True
    assert ivr("tickets", "comment", 1, "ha richiamato", "--data", data).status == 0
    whole = ivr("tickets", "show", "1", "--data", data)
    assert f"{user()} state new → open" in whole.out and f"{user()} ha richiamato" in whole.out
    for command, value, problem in (("assign", "nobody", "there is no user"), ("state", "new", "cannot become")):
        refused = ivr("tickets", command, 1, value, "--data", data)
        assert refused.status == 1 and problem in refused.err
    with database.read() as session:
        assert {entry.user for entry in audit.find(session, action="ticket-")} == {user()}


def test_explain_says_which_row_decided(ivr: Ivr, data: Path, database: Database) -> None:
    (data / "numero-nero.toml").write_text(
        "[[tickets.table]]\n"
        'when = {outcome = "abandoned", place = "queue"}\ntype = "A"\nsubject = "Left {queue}: {reason}"\n'
        '[[tickets.table]]\ntype = "I"\npriority = "low"\n'
    )
    told = rows(ivr("tickets", "explain", "2", "--data", data, "--json"))
    assert (told["row"], told["place"]) == (1, "queue")
    assert told["when"] == {"outcome": ["abandoned"], "place": ["queue"]}
    assert (told["ticket"]["type"], told["ticket"]["subject"]) == ("A", "Left desk: payment")
    told = rows(ivr("tickets", "explain", "call-1", "--data", data, "--json"))
    assert (told["row"], told["ticket"]["type"], told["ticket"]["priority"]) == (2, "I", "low")
    assert "there is no call" in ivr("tickets", "explain", "none", "--data", data).err
