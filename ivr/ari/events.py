"""Asterisk's events as typed values; only the fields that we read.

Shapes after Asterisk 22's `rest-api/events.json`. An event of another type decodes to None.
"""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field


class CallerId(Struct, frozen=True):
    number: str = ""


class DialplanPlace(Struct, frozen=True):
    context: str = ""
    exten: str = ""


class Channel(Struct, frozen=True):
    id: str
    name: str = ""
    state: str = ""
    caller: CallerId = CallerId()
    dialplan: DialplanPlace = DialplanPlace()

    @property
    def endpoint(self) -> str:
        """`op-4271` of `PJSIP/op-4271-0000001f`."""
        return self.name.partition("/")[2].rpartition("-")[0]


class Playback(Struct, frozen=True):
    id: str
    state: str = ""
    target_uri: str = ""


class Bridge(Struct, frozen=True):
    id: str
    channels: list[str] = field(default_factory=list)


class Endpoint(Struct, frozen=True):
    """An account. `resource`: its name. `state`: `online` while a phone of it answers, else `offline` or `unknown`."""

    resource: str
    state: str = ""


class Told(Struct, frozen=True, tag=True, kw_only=True):
    """`timestamp`: Asterisk's, as `2026-11-24T10:00:00.123+0000`."""

    timestamp: str = ""

    def lag(self, now: float) -> float | None:
        """Seconds from then to `now` (since 1970); None when it is not said when."""
        try:
            return max(0.0, now - datetime.fromisoformat(self.timestamp).timestamp())
        except ValueError:
            return None


class CallBroadcast(Told, frozen=True, tag=True):
    """A call looks for a controller: the first to claim it owns it."""

    channel: Channel


class StasisStart(Told, frozen=True, tag=True):
    channel: Channel
    args: list[str] = field(default_factory=list)


class StasisEnd(Told, frozen=True, tag=True):
    channel: Channel


class ChannelDestroyed(Told, frozen=True, tag=True):
    """`cause` is a Q.850 cause: 16 normal, 17 busy, 19 no answer, 20 subscriber absent, 21 rejected."""

    channel: Channel
    cause: int = 0


class ChannelDtmfReceived(Told, frozen=True, tag=True):
    channel: Channel
    digit: str


class ChannelLeftBridge(Told, frozen=True, tag=True):
    channel: Channel
    bridge: Bridge


class PlaybackFinished(Told, frozen=True, tag=True):
    """`state` is `done` (also when we stopped it) or `failed` (nothing was heard)."""

    playback: Playback


Event = (
    CallBroadcast
    | StasisStart
    | StasisEnd
    | ChannelDestroyed
    | ChannelDtmfReceived
    | ChannelLeftBridge
    | PlaybackFinished
)
KNOWN = tuple(kind.__name__ for kind in Event.__args__)


class Response(Struct, frozen=True, tag="RESTResponse"):
    """Asterisk's answer to one command over the WebSocket."""

    request_id: str
    status_code: int
    reason_phrase: str = ""
    message_body: str = ""


class _Type(Struct):
    type: str


_type = msgspec.json.Decoder(_Type)
_message: msgspec.json.Decoder[Event | Response] = msgspec.json.Decoder(Event | Response)


def decode(text: str) -> Event | Response | None:
    """One WebSocket message; None when it is of no type that we read. Raises msgspec.DecodeError on nonsense."""
    try:
        return _message.decode(text)
    except msgspec.ValidationError:  # rare, as Asterisk is told what we read
        if _type.decode(text).type in (*KNOWN, "RESTResponse"):
            raise
        return None


def body(response: Response) -> Any:
    """The JSON in an answer, None when it is empty."""
    return msgspec.json.decode(response.message_body) if response.message_body else None
