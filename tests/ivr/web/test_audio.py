"""Listening over HTTP: whole and in ranges, and what is shown of what cannot be heard: nothing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ivr.cli.vault import open_vault
from ivr.settings import load
from ivr.store import audit, chained
from ivr.store.database import Database
from ivr.store.schema import AuditEntry
from recordings.ingest import ingest
from recordings.vault import forget
from tests.ivr.web.conftest import make
from tests.recordings.conftest import ROME, add_call
from tests.recordings.spooled import spooled

SOUND = bytes(range(256)) * 4000
SIZE = 44 + len(SOUND)
PATH = "/recordings/call-1/audio"


@pytest.fixture
async def client(database: Database, users: None, tmp_path: Path, flows: Path):  # type: ignore[no-untyped-def]
    (tmp_path / "numero-nero.toml").write_text("[recordings]\nsupervisors_hear = true\n")
    add_call(database, "call")
    folder = spooled(tmp_path, "call-1", SOUND)
    assert ingest(database, open_vault(load(tmp_path, environment={})), folder, ROME)
    async with TestClient(TestServer(make(tmp_path, database, flows))) as one:
        await one.post("/sign-in", data={"name": "supervisor", "password": "supervisor-password"})
        yield one


async def test_the_whole(client: TestClient) -> None:  # type: ignore[type-arg]
    answer = await client.get(PATH)
    content = await answer.read()
    assert answer.status == 200 and content.startswith(b"RIFF") and content[44:] == SOUND
    assert answer.headers["Content-Type"] == "audio/wav" and answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "no-store", "no voice in a browser's cache"
    head = await client.head(PATH)
    assert head.status == 200 and head.headers["Content-Length"] == str(SIZE)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=44-", 44, SIZE - 1),
        ("bytes=65530-65550", 65530, 65550),
        ("bytes=-100", SIZE - 100, SIZE - 1),
        ("bytes=1000000-99999999", 1000000, SIZE - 1),
        (f"bytes=-{2 * SIZE}", 0, SIZE - 1),
    ],
)
async def test_a_range(client: TestClient, asked: str, first: int, last: int) -> None:  # type: ignore[type-arg]
    whole = await (await client.get(PATH)).read()
    answer = await client.get(PATH, headers={"Range": asked})
    assert await answer.read() == whole[first : last + 1]
    if (first, last) != (0, SIZE - 1):
        assert answer.status == 206 and answer.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["Content-Length"] == str(last - first + 1)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}"])
async def test_a_range_outside(client: TestClient, asked: str) -> None:  # type: ignore[type-arg]
    answer = await client.get(PATH, headers={"Range": asked})
    assert answer.status == 416 and answer.headers["Content-Range"] == f"bytes */{SIZE}"
    assert SOUND[:16] not in await answer.read()


@pytest.mark.parametrize("asked", ["bytes=9-5", "bytes=x-", "seconds=1-2", "bytes=0-1,5-6"])
async def test_what_is_no_range_is_ignored(client: TestClient, asked: str) -> None:  # type: ignore[type-arg]
    answer = await client.get(PATH, headers={"Range": asked})
    assert answer.status == 200 and len(await answer.read()) == SIZE


async def test_a_range_of_other_sound_gets_the_whole(client: TestClient) -> None:  # type: ignore[type-arg]
    tag = (await client.get(PATH)).headers["ETag"]
    same = await client.get(PATH, headers={"Range": "bytes=0-9", "If-Range": tag})
    other = await client.get(PATH, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (same.status, other.status) == (206, 200)


async def test_a_listening_is_in_the_audit_once_and_nothing_is_heard_without(
    client: TestClient,  # type: ignore[type-arg]
    database: Database,
) -> None:
    def entries() -> list[AuditEntry]:
        with database.read() as session:
            found = audit.find(session, user="supervisor", action="listen", subject="call-1")
        return list(found)

    told, now = "original, by role", datetime.now(UTC)
    with database.transaction() as session:
        for minutes, user, subject, detail in (
            (11, "supervisor", "call-1", told),  # too long ago
            (1, "admin", "call-1", told),
            (1, "supervisor", "other-1", told),
            (1, "supervisor", "call-1", "original, by request 1"),
        ):
            entry = {"at": now - timedelta(minutes=minutes), "user": user, "action": "listen"}
            chained.append(session, AuditEntry, [entry | {"subject": subject, "detail": detail}])
    assert len(entries()) == 2
    for first in (0, 70_000, 44, 500_000):
        part = await client.get(PATH, headers={"Range": f"bytes={first}-{first + 99}"})
        assert part.status == 206
    newest, *before = entries()
    assert len(before) == 2 and newest.detail == told and newest.at >= now
    with database.read() as session:
        assert chained.verify(session, AuditEntry) is None


@pytest.mark.parametrize("id", ["call", "call-", "c", "call-1x", "%25", "_all-1"])
async def test_only_whole_ids_are_known(client: TestClient, database: Database, id: str) -> None:  # type: ignore[type-arg]
    answer = await client.get(f"/recordings/{id}/audio")
    assert answer.status == 404 and SOUND[:16] not in await answer.read()
    with database.read() as session:
        assert audit.find(session, action="listen") == []


async def test_what_is_harmed_or_has_lost_its_key_is_not_shown(
    client: TestClient,  # type: ignore[type-arg]
    tmp_path: Path,
    database: Database,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (file,) = (path for path in (tmp_path / "recordings").rglob("*") if path.is_file())
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    answer = await client.get(PATH)
    assert answer.status == 503 and str(tmp_path) not in await answer.text()
    assert "does not open" in caplog.text
    file.unlink()
    assert (await client.get(PATH)).status == 503
    with database.transaction() as session:
        forget(session, "call-1")
    assert (await client.get(PATH)).status == 410


async def test_harm_in_the_midst_ends_the_answer_early(client: TestClient, tmp_path: Path) -> None:  # type: ignore[type-arg]
    (file,) = (path for path in (tmp_path / "recordings").rglob("*") if path.is_file())
    content = bytearray(file.read_bytes())
    content[500_000] ^= 1
    file.write_bytes(content)
    with pytest.raises(Exception, match=r"[Pp]ayload|closed|[Dd]isconnect"):
        await (await client.get(PATH)).read()
    before = await client.get(PATH, headers={"Range": "bytes=0-9999"})
    assert before.status == 206 and (await before.read())[44:] == SOUND[: 10_000 - 44]
