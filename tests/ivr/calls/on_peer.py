"""One call on something that takes itself for Asterisk: the real connection, exchange, session and store."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from ivr.calls.session import Session
from ivr.flow import words
from ivr.store import calls
from ivr.store.database import Database
from tests.ivr.ari.conftest import peer
from tests.ivr.controllers import Controller, employ

CALL = "0190a000-0000-7000-8000-000000000001"
FLOW = """\
ivr: 1
languages: [it]
numbers: ["+390600000001"]
start: choose
prompts:
  choose: {it: "Prema uno."}
  bye: {it: "Arrivederci."}
nodes:
  choose: {menu: {prompt: choose, choices: {1: bye}, timeout: 30s}, otherwise: end}
  bye: {play: bye, next: end}
  end: {hangup: normal}
"""


@asynccontextmanager
async def one_call(
    database: Database, folder: Path, behave: Callable[[web.WebSocketResponse], Awaitable[None]]
) -> AsyncIterator[tuple[Session, "asyncio.Task[None]"]]:
    """`behave` is the peer's side of each connection. The call and its task; it begins with `choose`."""
    employ(database)
    async with peer(behave) as (port, _):
        house = Controller(database, folder, port, FLOW)
        with database.transaction() as store:
            calls.start(
                store, id=CALL, channel=CALL, controller="controller-1", called="+390600000001", caller="", flow="line",
                version=1, started_at=datetime.now(UTC),
            )  # fmt: skip
        line = asyncio.create_task(house.connection.run())
        session = Session(house.exchange, CALL, CALL, house.version, "line", words.Facts(CALL, "+390600000001"))
        task = asyncio.create_task(session.run())
        try:
            yield session, task
            assert not line.done(), "a connection never ends by itself"
        finally:
            task.cancel()
            line.cancel()
            await house.writer.close()


def outcome(database: Database) -> str:
    with database.read() as store:
        row = calls.get(store, CALL)
        return row.outcome if row else "no call"


def key(digit: str) -> dict[str, object]:
    return {"type": "ChannelDtmfReceived", "digit": digit, "channel": {"id": CALL}}


def finished(playback: str) -> dict[str, object]:
    return {"type": "PlaybackFinished", "playback": {"id": playback, "target_uri": f"channel:{CALL}"}}
