"""Whatever comes instead of Asterisk's messages: it is passed over, and no call in progress is lost."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from ivr.ari import events
from ivr.store.database import Database
from tests.ivr.ari.conftest import answer
from tests.ivr.calls.on_peer import CALL, finished, key, one_call, outcome

SAMPLES: list[dict[str, Any]] = [
    {"type": "CallBroadcast", "channel": {"id": "1", "name": "PJSIP/x-1", "state": "Ring", "caller": {"number": "1"}}},
    {"type": "StasisStart", "channel": {"id": "1", "dialplan": {"context": "c", "exten": "e"}}, "args": ["citizen"]},
    {"type": "StasisEnd", "channel": {"id": "1"}},
    {"type": "ChannelDestroyed", "channel": {"id": "1"}, "cause": 16},
    {"type": "ChannelDtmfReceived", "channel": {"id": "1"}, "digit": "1"},
    {"type": "ChannelLeftBridge", "channel": {"id": "1"}, "bridge": {"id": "b", "channels": ["1"]}},
    {"type": "PlaybackFinished", "playback": {"id": "p", "state": "done", "target_uri": "channel:1"}},
    {"type": "RESTResponse", "request_id": "1", "status_code": 200, "message_body": ""},
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@st.composite
def nearly(draw: st.DrawFn) -> str:
    """A message of Asterisk's in which a few things were replaced, added or left out."""
    message = json.loads(json.dumps(draw(st.sampled_from(SAMPLES))))
    for _ in range(draw(st.integers(1, 4))):
        place = message
        while (inner := [value for value in place.values() if isinstance(value, dict)]) and draw(st.booleans()):
            place = draw(st.sampled_from(inner))
        if not place:
            continue
        key = draw(st.sampled_from(sorted(place)) | st.text(max_size=8))
        if draw(st.booleans()):
            place[key] = draw(anything)
        else:
            place.pop(key, None)
    text = json.dumps(message)
    return text[: draw(st.integers(0, len(text)))] if draw(st.integers(0, 5)) == 0 else text


@given(st.text() | anything.map(json.dumps) | nearly())
def test_a_message_is_an_event_nothing_or_refused(text: str) -> None:
    try:
        found = events.decode(text)
    except msgspec.DecodeError:
        return
    assert found is None or isinstance(found, events.Response | events.Event)
    if found is not None:  # what is read is of the types that it says
        assert msgspec.convert(msgspec.to_builtins(found), type(found)) == found


def rubbish() -> list[str | bytes]:
    """In the midst of a call; much of it is about that call, and wrong."""
    mine = [json.dumps(sample).replace('"1"', f'"{CALL}"') for sample in SAMPLES[:1] + SAMPLES[5:]]
    wrong = (
        '{"type": "ChannelDtmfReceived", "digit": 1, "channel": {"id": "CALL"}}',
        '{"type": "ChannelDestroyed", "channel": {"id": ["CALL"]}}',
        '{"type": "PlaybackFinished", "playback": {"id": "CALL-play-99", "target_uri": "channel:CALL"}}',
        '{"type": "ChannelDestroyed", "channel": {"id": "CALL-operator-7"}, "cause": 99999999999999999999}',
        '{"type": "StasisStart", "channel": ' + "[" * 10_000,
        '{"type": "' + "X" * 100_000 + '"}',
    )
    others = [json.dumps(sample) for sample in SAMPLES]
    nothing = ("", "{", "[" * 10_000, "\x00", '{"type": null}', b"\xff" * 5000)
    return [*nothing, *(text.replace("CALL", CALL) for text in wrong), *mine, *others]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_no_call_in_progress_is_lost(database: Database, tmp_path: Path) -> None:
    """Rubbish during a prompt, then the socket drops, then rubbish again; the caller's key is still heard."""
    connections = 0

    async def asterisk(socket: web.WebSocketResponse) -> None:
        nonlocal connections
        connections += 1
        async for message in socket:
            asked = message.json()
            method, path = asked["method"], asked["uri"].split("?")[0]
            known = {"channels": [{"id": CALL}], "asterisk/info": {"status": {"startup_time": "then"}}}
            await socket.send_str(answer(asked, known.get(path)))
            for one in rubbish() if path != "events/claim" else ():  # which it brings about
                await (socket.send_bytes(one) if isinstance(one, bytes) else socket.send_str(one))
            if "/play/" in path:
                if connections == 1:
                    return  # the socket drops
                await socket.send_str(json.dumps(finished(path.rpartition("/")[2])))
            elif method == "GET" and path.startswith("playbacks/"):
                await socket.send_str(json.dumps(key("1")))

    async with one_call(database, tmp_path, asterisk) as (_, task), asyncio.timeout(30):
        await task
    assert connections == 2 and outcome(database) == "self-served"
