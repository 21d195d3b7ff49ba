"""An Asterisk that does not answer costs no call: it is asked again, and nothing is heard twice."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ivr.ari import connection
from ivr.store.database import Database
from tests.ivr.ari.conftest import answer
from tests.ivr.calls.on_peer import CALL, finished, key, one_call, outcome


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands have 0.2 s, not five."""
    monkeypatch.setattr(connection, "DEADLINE", 0.2)
    monkeypatch.setattr(connection, "WATCH", 0.05)


class Slow:
    """Asterisk, but the first command of each kind (`answer`, `play`, `hang up`) gets no answer. `heard`: playbacks
    that were begun; the first command to play is lost, or carried out all the same."""

    def __init__(self, loses: bool) -> None:
        self.heard: list[str] = []
        self._loses, self._seen = loses, set[str]()

    async def __call__(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            asked: dict[str, Any] = message.json()
            method, path = asked["method"], asked["uri"].split("?")[0]
            kind = "answer" if path.endswith("/answer") else "play" if "/play/" in path else method
            first = kind in ("answer", "play", "DELETE") and kind not in self._seen
            self._seen.add(kind)
            playback = path.rpartition("/")[2]
            if kind == "play" and not (first and self._loses):
                self.heard.append(playback)
            if first:
                continue
            if method == "GET" and path.startswith("playbacks/"):
                there = playback in self.heard
                await socket.send_str(answer(asked, None, 200 if there else 404))
                if there:
                    await socket.send_str(json.dumps(key("1")))
                continue
            known = {"channels": [{"id": CALL}], "asterisk/info": {"status": {"startup_time": "then"}}}
            await socket.send_str(answer(asked, known.get(path)))
            if kind == "play":
                await socket.send_str(json.dumps(key("1") if len(self.heard) == 1 else finished(playback)))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("loses", [True, False])
async def test_what_was_not_answered_is_asked_again(database: Database, tmp_path: Path, loses: bool) -> None:
    asterisk = Slow(loses)
    async with one_call(database, tmp_path, asterisk) as (_, task), asyncio.timeout(20):
        await task
    assert len(asterisk.heard) == len(set(asterisk.heard)) == 2, "each prompt once"
    assert outcome(database) == "self-served"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_caller_who_has_gone_is_not_insisted_on(database: Database, tmp_path: Path) -> None:
    async def silent(socket: web.WebSocketResponse) -> None:
        async for message in socket:
            asked = message.json()
            if not asked["uri"].startswith("channels/"):
                await socket.send_str(answer(asked, [{"id": CALL}]))

    async with one_call(database, tmp_path, silent) as (session, task), asyncio.timeout(20):
        await asyncio.sleep(0.5)
        assert not task.done()
        session.gone(16)
        await task
    assert outcome(database) == "abandoned"
