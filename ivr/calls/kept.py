"""What a call leaves on its channel at each wait: enough for another controller to go on with it.

Times are seconds since 1970, for clocks that count from the start of a machine tell another one nothing; 0: never.
Fields only ever come to it, with a default: two versions of the controller run side by side while one is rolled out.
"""

import time

import msgspec

from ivr.calls.talk import Talk
from ivr.flow import words

VARIABLE = "NUMERO_NERO"


class Conversation(msgspec.Struct, omit_defaults=True):
    """As `ivr.calls.conversation` has it. `leg`: the channel of the operator who has answered, "" for none; `number`:
    of that offer; `talk`: the two are connected, since `talk_since`."""

    asked: words.Enqueue | None = None
    came: float = 0.0
    queued_at: float = 0.0
    waited: float = 0.0
    talked: float = 0.0
    disposition: str = ""
    aim: str = ""
    offers: int = 0
    consults: int = 0
    supervisions: int = 0
    leg: str = ""
    operator: str = ""
    phone: str = ""
    number: int = 0
    claim: str = ""
    recording: str = "on"
    part: int = 0
    talk: Talk | None = None
    talk_since: float = 0.0


class Kept(msgspec.Struct, omit_defaults=True):
    """`flow`: the one that the call began with. `callback`: the queue for which the citizen was called back. `journey`:
    the number of its last entry, 0 when that is not known."""

    call: str
    version: int
    flow: str
    facts: words.Facts
    state: words.State
    conversation: Conversation = msgspec.field(default_factory=Conversation)
    wideband: bool = False
    messages: list[str] = []
    callback: str = ""
    journey: int = 0


encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Kept).decode


def read(text: str) -> Kept | None:
    """None when nothing can be read in it: the call had not yet come to its first wait."""
    try:
        return _decode(text)
    except msgspec.DecodeError:
        return None


def to_clock(then: float) -> float:
    """What `time.monotonic()` said then, as seconds since 1970."""
    return then and then - time.monotonic() + time.time()


def from_clock(at: float) -> float:
    """The other way, on whatever machine."""
    return at and at - time.time() + time.monotonic()
