"""What goes over a link, as JSON: questions with a deadline and their answers, and streams of changes to watch.

What a question or a change says is a msgspec struct or a dataclass of the room that asks; here it is raw.
"""

import msgspec

LARGEST = 1 << 20  # bytes of a message; a longer one is refused by whoever would send it
MOST_WAITING = 1000  # messages that wait to be sent on one connection; who falls behind further starts anew
BEAT = 4.0  # seconds between pings; whoever has not answered after half of it is gone
PATH = "/link"


class LinkError(Exception):
    """Nobody answered. Whether what was asked has happened is not known."""


class Refused(Exception):
    """What was asked has not happened; the message says why, in words for people."""


class Ask(msgspec.Struct, tag="ask"):
    """`kind`: the name of the body's type. `within`: seconds that whoever asks will wait."""

    id: int
    kind: str
    body: msgspec.Raw
    within: float


class Ping(msgspec.Struct):
    """Are you there? Every server answers this one."""


class Answer(msgspec.Struct, tag="answer"):
    id: int
    body: msgspec.Raw


class Refusal(msgspec.Struct, tag="refusal"):
    id: int
    reason: str


class Watch(msgspec.Struct, tag="watch"):
    """From now on, all that changes under `topic`; first, how it stands."""

    id: int
    topic: str


class Unwatch(msgspec.Struct, tag="unwatch"):
    id: int


class Change(msgspec.Struct, tag="change"):
    """`id`: of the `Watch`."""

    id: int
    body: msgspec.Raw


ToServer = Ask | Watch | Unwatch
ToClient = Answer | Refusal | Change
read_question = msgspec.json.Decoder(ToServer).decode
read_answer = msgspec.json.Decoder(ToClient).decode


def raw(body: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(body))


def text(message: ToServer | ToClient) -> str:
    """Raises LinkError when it is too long."""
    encoded = msgspec.json.encode(message)
    if len(encoded) > LARGEST:
        raise LinkError(f"a message of {len(encoded)} bytes is too long for the link")
    return encoded.decode()
