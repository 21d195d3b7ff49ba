"""The review by HTTP: the anonymised copy alone, whole ids alone, each opening audited, evaluations and exports."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ivr.cli.vault import open_vault
from ivr.settings import load
from ivr.store import audit, calls, chained, operators
from ivr.store.database import Database
from ivr.store.schema import Anonymisation, AuditEntry
from ivr.web import copies
from recordings.pseudonyms import pseudonym
from recordings.vault import Vault, forget
from tests.ivr.test_spreadsheets import rows_of
from tests.ivr.web.conftest import PSEUDONYMS, make
from tests.ivr.web.test_access import basic
from tests.recordings.conftest import MORNING
from tests.recordings.heard import ANONYMISED_TONE, anonymise, record, speech, wav

Client = TestClient[Any, Any]
SOUND = wav(speech(ANONYMISED_TONE, 8))
NAME = pseudonym("4271", PSEUDONYMS)
MARKS = {"correctness": 5, "completeness": 4, "clarity": 3, "proactivity": 2, "courtesy": 1}


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(load(tmp_path, environment={}))


@pytest.fixture
async def client(database: Database, users: None, tmp_path: Path, flows: Path, vault: Vault) -> AsyncIterator[Client]:
    """`heard-1` has an anonymised copy, `pending-1` has none yet. Correctness counts three times."""
    (tmp_path / "numero-nero.toml").write_text("[review.weights]\ncorrectness = 3\n")
    with database.transaction() as session:
        operators.add(session, "4271", "Anna", ["it"], ["all"], datetime.now(UTC))
    for call in ("heard", "pending"):
        record(database, vault, tmp_path / "spool", call)
        with database.transaction() as session:
            end = MORNING + timedelta(minutes=3)
            calls.finish(session, call, ended_at=end, ticket_due_at=end, survey={}, operator="4271", queue="app")
    anonymise(database, vault, "heard-1", SOUND, covered=[{"start": 3.0, "end": 3.5, "kind": "key"}])
    async with TestClient(TestServer(make(tmp_path, database, flows))) as one:
        yield one


async def ask(client: Client, method: str, path: str, body: Any = None, role: str = "reviewer") -> tuple[int, Any]:
    answer = await client.request(method, f"/review{path}", json=body, headers=basic(role))
    return answer.status, await answer.json() if answer.content_type == "application/json" else await answer.read()


async def opened(client: Client, role: str = "reviewer", **body: bool) -> int:
    status, said = await ask(client, "POST", "/recordings/heard-1/openings", body, role)
    assert status == 201
    return int(said["opening"])


def heard(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as session:
        found = audit.find(session)
    return [(one.user, one.action, one.subject) for one in reversed(found) if one.action.endswith("-anonymised")]


async def test_what_is_heard_is_the_anonymised_copy_in_ranges_and_in_the_audit_once(
    client: Client, database: Database
) -> None:
    path = f"/review/recordings/heard-1/audio?opening={await opened(client)}"
    whole = await client.get(path, headers=basic("reviewer"))
    assert await whole.read() == SOUND and whole.headers["Cache-Control"] == "no-store"
    for first in (0, 44, 70_000):
        part = await client.get(path, headers=basic("reviewer") | {"Range": f"bytes={first}-{first + 99}"})
        assert (part.status, await part.read()) == (206, SOUND[first : first + 100])
    outside = await client.get(path, headers=basic("reviewer") | {"Range": f"bytes={len(SOUND)}-"})
    assert outside.status == 416
    assert heard(database) == [("reviewer", "listen-anonymised", "heard-1")]
    await opened(client, beforehand=True)
    assert heard(database)[1:] == [("reviewer", "prepare-anonymised", "heard-1")]


async def test_without_an_opening_of_ones_own_nothing_is_heard(
    client: Client, database: Database, vault: Vault
) -> None:
    mine, others = await opened(client), await opened(client, role="supervisor")
    with database.read() as session:
        [entry] = audit.find(session, user="supervisor")
    assert entry.seq == others
    for wrong in ("", f"?opening={others}", "?opening=0", "?opening=x", f"?opening={mine}0", "?opening=²"):
        status, said = await ask(client, "GET", f"/recordings/heard-1/audio{wrong}")
        assert status == 403 and SOUND[:16] not in said, wrong
    assert (await ask(client, "GET", f"/recordings/pending-1/audio?opening={mine}"))[0] == 409
    with database.transaction() as session:
        audit.write(session, "reviewer", "evaluate", "heard-1")
    assert (await ask(client, "GET", f"/recordings/heard-1/audio?opening={others + 1}"))[0] == 403


async def test_an_opening_lasts_no_longer_than_a_sign_in(client: Client, database: Database) -> None:
    now = datetime.now(UTC)
    common = {"user": "reviewer", "action": "listen-anonymised", "subject": "heard-1", "detail": ""}
    with database.transaction() as session:
        for hours in (9, 7):
            chained.append(session, AuditEntry, [{"at": now - timedelta(hours=hours), **common}])
    with database.read() as session:
        newer, older = (one.seq for one in audit.find(session, action="listen-anonymised"))
    assert (await ask(client, "GET", f"/recordings/heard-1/audio?opening={older}"))[0] == 403
    assert (await ask(client, "GET", f"/recordings/heard-1/audio?opening={newer}"))[0] == 200


async def test_what_is_not_anonymised_yet_is_shown_as_such_and_cannot_be_heard(
    client: Client, database: Database
) -> None:
    status, said = await ask(client, "GET", "/recordings/pending-1")
    assert status == 200 and said["recording"]["anonymised"] is False
    assert (await ask(client, "GET", "/recordings/heard-1"))[1]["recording"]["anonymised"] is True
    for method, path, body in (
        ("POST", "openings", {}), ("GET", "audio", None), ("GET", "waveform", None),
        ("PUT", "evaluation", {"marks": MARKS}),
    ):  # fmt: skip
        assert (await ask(client, method, f"/recordings/pending-1/{path}", body))[0] == 409, path
    assert heard(database) == []


async def test_a_page_is_told_when_what_it_waits_for_can_be_heard(
    client: Client, database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "LOOK", 0.05)
    where = "/review/events?recording=pending-1&recording=heard-1"
    async with asyncio.timeout(20), client.get(where, headers=basic("reviewer")) as answer:
        assert json.loads((await answer.content.readline()).removeprefix(b"data: ")) == ["heard-1"]
        assert await answer.content.readline() == b"\n"
        anonymise(database, vault, "pending-1", SOUND)
        assert json.loads((await answer.content.readline()).removeprefix(b"data: ")) == ["heard-1", "pending-1"]
    many = "&".join(f"recording=r{number}" for number in range(51))
    for query, role, status in (("", "reviewer", 400), (many, "reviewer", 400), ("recording=x", "operator", 403)):
        async with client.get(f"/review/events?{query}", headers=basic(role)) as answer:
            assert answer.status == status


async def test_how_the_copy_was_made_or_why_there_is_none(client: Client, database: Database) -> None:
    _, said = await ask(client, "GET", "/recordings/heard-1")
    assert said["copy"] == {"state": "there", "profile": "clear", "problem": "", "since": None}
    assert said["marks"] == [{"kind": "covered", "start": 3.0, "end": 3.5, "what": "key"}]
    with database.transaction() as session:
        job = session.get_one(Anonymisation, "pending-1")
        job.state, job.problem, job.last_error = "failed", "damaged", "/srv/recordings/pending-1.original: altered"
    _, said = await ask(client, "GET", "/recordings/pending-1")
    assert (said["copy"]["state"], said["copy"]["problem"]) == ("failed", "damaged") and "/srv" not in str(said)
    assert said["recording"]["failed"] is True and said["recording"]["original"] is True
    figures = await (await client.get("/metrics", headers=basic("supervisor"))).text()
    assert "numero_nero_anonymisations_failed 1.0" in figures and "numero_nero_anonymisations_pending 0.0" in figures


@pytest.mark.parametrize("id", ["heard", "heard-", "h", "heard-1x", "%25", "..%2Fheard-1", "nothing"])
async def test_only_whole_ids_are_known(client: Client, id: str) -> None:
    for method, path in (("GET", ""), ("POST", "/openings"), ("GET", "/audio"), ("GET", "/waveform")):
        assert (await ask(client, method, f"/recordings/{id}{path}"))[0] == 404, path


async def test_a_deleted_one_is_gone(client: Client, database: Database) -> None:
    opening = await opened(client)
    with database.transaction() as session:
        forget(session, "heard-1")
    assert (await ask(client, "GET", f"/recordings/heard-1/audio?opening={opening}"))[0] == 409, "no copy any more"


async def test_a_harmed_copy_is_not_heard_and_never_the_original_instead(
    client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opening = await opened(client)
    (file,) = (tmp_path / "recordings").rglob("heard-1.anonymised")
    content = bytearray(file.read_bytes())
    content[70_000] ^= 1  # in its second chunk
    file.write_bytes(content)
    assert (await ask(client, "GET", "/recordings/heard-1/waveform"))[0] == 503, "no picture of a part"
    file.unlink()
    for path in (f"audio?opening={opening}", "waveform"):
        status, said = await ask(client, "GET", f"/recordings/heard-1/{path}")
        assert status == 503 and str(tmp_path).encode() not in said
    assert "heard-1.anonymised" in caplog.text


async def test_reviewers_see_a_pseudonym_and_the_picture_of_both_channels(client: Client) -> None:
    _, said = await ask(client, "GET", "/recordings/heard-1")
    assert said["recording"]["operator"] == NAME and "4271" not in str(said) and said["evaluation"] is None
    _, said = await ask(client, "GET", "/recordings/heard-1", role="supervisor")
    assert said["recording"]["operator"] == "4271"
    status, picture = await ask(client, "GET", "/recordings/heard-1/waveform")
    assert status == 200 and picture["silences"] == [[2.0, 6.0]] and picture["seconds"] == 8
    assert [len(channel) for channel in picture["levels"]] == [160, 160]


async def test_an_evaluation_is_weighted_as_the_settings_say(client: Client) -> None:
    body = {"marks": MARKS, "comment": "chiara"}
    assert await ask(client, "PUT", "/recordings/heard-1/evaluation", body) == (200, {"score": 3.57})
    _, said = await ask(client, "GET", "/recordings/heard-1")
    assert said["evaluation"] == body and said["weights"] == dict.fromkeys(MARKS, 1) | {"correctness": 3}
    _, others = await ask(client, "GET", "/recordings/heard-1", role="supervisor")
    assert others["evaluation"] is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"marks": MARKS | {"clarity": 6}}, "$.marks.clarity"),
        ({"marks": MARKS | {"clarity": 0}}, "$.marks.clarity"),
        ({"marks": MARKS | {"clarity": 2.5}}, "$.marks.clarity"),
        ({"marks": MARKS | {"speed": 2}}, "unknown field `speed`"),
        ({"marks": {"clarity": 3}}, "missing required field"),
        ({"marks": MARKS, "comment": "x" * 4001}, "$.comment"),
        ([], "Expected `object`"),
    ],
    ids=str,
)
async def test_a_wrong_evaluation_is_refused_with_the_reason(client: Client, body: Any, said: str) -> None:
    status, text = await ask(client, "PUT", "/recordings/heard-1/evaluation", body)
    assert status == 400 and said in text.decode()


async def test_the_export_as_csv_and_excel(client: Client, database: Database) -> None:
    await ask(client, "PUT", "/recordings/heard-1/evaluation", {"marks": MARKS, "comment": "=cmd()"})
    status, text = await ask(client, "GET", "/evaluations.csv")
    heads, line = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""))
    told = dict(zip(heads, line, strict=True))
    assert status == 200 and told["Registrazione"] == "heard-1" and told["Punteggio"] == "3.57"
    assert told["Commento"] == "'=cmd()" and told["Operatore"] == NAME
    assert told["Inizio della chiamata"] == "2026-11-24 10:00:00+01:00"
    status, content = await ask(client, "GET", "/evaluations.xlsx", role="supervisor")
    heads, cells = rows_of(content)
    assert dict(zip(heads, cells, strict=True))["Operatore"] == "4271" and cells[-1] == "=cmd()"
    with database.read() as session:
        exports = audit.find(session, action="export-evaluations")
    assert [(one.user, one.detail) for one in exports] == [
        ("supervisor", "1 evaluations"), ("reviewer", "1 evaluations")
    ]  # fmt: skip


async def test_of_the_export_bad_values_are_said(client: Client) -> None:
    assert (await ask(client, "GET", "/evaluations.csv?sample=none"))[0] == 404
    status, text = await ask(client, "GET", "/evaluations.xlsx?from=yesterday")
    assert status == 400 and text.startswith(b"from: ")
    later = await ask(client, "GET", "/evaluations.csv?from=2999-01-01")
    assert later[0] == 200 and len(later[1].splitlines()) == 1
