"""A conversation's states: pure.

Rules of this file
- `step(talk, command)` gives the next state, or raises `Refused` and says why in words for people. It knows no socket.
- Where everybody is follows from the state alone (`places`): whoever wires the channels compares two of them. So there
  is one bridge a conversation, and every state can follow every other.
- Nothing is on tape while the caller hears music.

    talking ⇄ held
    talking, held → asking (another operator rings) → consulting → three-way
    asking, consulting → held, when the other does not come or leaves; consulting, three-way → talking with the other
"""

from typing import Literal

import msgspec

from ivr.calls import commands as c
from ivr.link.messages import Refused


class Talk(msgspec.Struct, frozen=True):
    """`operator` has the call. `other`: who is asked, the code once somebody has answered. `recorded`: there is a tape;
    `paused`: it waits for somebody to go on with it."""

    operator: str
    recorded: bool = True
    paused: bool = False
    muted: bool = False
    held: bool = False
    other: str = ""
    with_other: Literal["", "asking", "consulting", "three-way"] = ""


class Places(msgspec.Struct, frozen=True):
    """`music`: the caller hears music, alone; otherwise they are in the bridge. `taped`: what is said is recorded.
    `muted`: nobody hears the operator."""

    music: bool
    taped: bool
    muted: bool


def places(talk: Talk) -> Places:
    return Places(talk.held, talk.recorded and not talk.paused and not talk.held, talk.muted)


def step(talk: Talk, command: c.Command) -> Talk:
    """What `command` makes of it. Raises Refused."""
    change = msgspec.structs.replace
    if isinstance(command, c.OF_THE_OPERATOR) and command.by != talk.operator:
        raise Refused("another operator has this call")
    match command:
        case c.Hold():
            _only(talk.with_other == "", "while another operator is asked, the caller is on hold already")
            return change(talk, held=True)
        case c.Unhold():
            _only(talk.held, "the caller is not on hold")
            _only(talk.with_other == "", "another operator is asked: complete, make it three, or come back")
            return change(talk, held=False)
        case c.Mute(on=on):
            return change(talk, muted=on)
        case c.PauseRecording(on=on):
            _only(talk.recorded, "this conversation is not recorded")
            return change(talk, paused=on)
        case c.Consult():
            _only(talk.with_other == "", "another operator is asked already")
            return change(talk, held=True, other=command.queue or command.operator, with_other="asking")
        case c.Conference():
            _only(talk.with_other == "consulting", "no other operator has answered")
            return change(talk, held=False, with_other="three-way")
        case c.Complete():
            return complete(talk)
        case c.Return():
            _only(talk.with_other != "", "no other operator is asked")
            return change(alone(talk), held=False)
        case c.Transfer():
            _only(talk.with_other == "", "another operator is asked: complete, or come back first")
    return talk


def answered(talk: Talk, code: str) -> Talk:
    """The one who was asked has answered."""
    return msgspec.structs.replace(talk, other=code, with_other="consulting")


def alone(talk: Talk) -> Talk:
    """The other has left, or never came. A caller who heard music still does: the operator may be in mid-sentence."""
    return msgspec.structs.replace(talk, other="", with_other="")


def complete(talk: Talk) -> Talk:
    """The other has the call from here on. Raises Refused."""
    _only(talk.with_other in ("consulting", "three-way"), "no other operator has answered")
    return Talk(talk.other, talk.recorded, talk.paused)


def operator_left(talk: Talk) -> Literal["over", "complete", "transfer"]:
    """What a hang-up of the operator's phone means: who has asked another leaves the call to them."""
    match talk.with_other:
        case "":
            return "over"
        case "asking":
            return "transfer"
        case _:
            return "complete"


def _only(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Refused(otherwise)
