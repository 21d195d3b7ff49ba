"""`ivr queues`, asking a controller without Asterisk that runs in a thread of its own."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.cli.installation import secret
from ivr.settings import load
from ivr.store.database import Database
from tests.ivr.cli.conftest import Ivr
from tests.ivr.controllers import running


@pytest.fixture
def waiting(data: Path, tmp_path: Path) -> Iterator[None]:
    """A call `a` in `desk`."""
    settings, ready, over = load(data), threading.Event(), threading.Event()
    settings.secrets.mkdir(parents=True, exist_ok=True)
    (tmp_path / "controller").mkdir()

    async def control() -> None:
        async with running(Database(settings.database_url), tmp_path / "controller", secret(settings, "link")) as one:
            one.wait("a")
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(control()))
    thread.start()
    assert ready.wait(10)
    yield
    over.set()
    thread.join()


def test_queues_and_their_calls_are_listed_and_one_is_moved(ivr: Ivr, data: Path, waiting: None) -> None:
    told = json.loads(ivr("queues", "list", "--json", "--data", data).out)
    assert [(queue["name"], queue["waiting"]) for queue in told] == [("desk", 1), ("empty", 0), ("tax", 0)]
    assert "paused:2" in ivr("queues", "list", "--data", data).out
    (call,) = json.loads(ivr("queues", "calls", "desk", "--json", "--data", data).out)
    assert (call["queue"], call["id"], call["position"]) == ("desk", "a", 1)
    assert ivr("queues", "move", "desk", "a", "--to", "tax", "--data", data).status == 0
    assert json.loads(ivr("queues", "calls", "tax", "--json", "--data", data).out)[0]["id"] == "a"
    refused = ivr("queues", "move", "tax", "a", "--to", "empty", "--data", data)
    assert refused.status == 1 and "nobody is at work in the queue empty" in refused.err
    assert ivr("queues", "calls", "nowhere", "--data", data).status == 1


def test_wrong_use_and_nobody_there(ivr: Ivr, data: Path) -> None:
    load(data).secrets.mkdir(parents=True, exist_ok=True)
    assert ivr("queues", "move", "desk", "a", "--data", data).status == 2
    done = ivr("queues", "list", "--data", data)
    assert done.status == 1 and "no controller is running" in done.err
