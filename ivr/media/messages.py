"""What a controller on another machine has done where Asterisk is: sounds made, recordings begun and taken in."""

from typing import Annotated

import msgspec

Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9@_-][A-Za-z0-9@._-]{0,199}\Z")]
"""Of a channel, a call, a recording's part: it becomes a line of AMI, or a folder's name."""


class MakeSound(msgspec.Struct, frozen=True):
    """A `Speech` (`ivr/prompts/library`); `version` of the flows that say it, 0 for what the house says."""

    version: int
    prompt: str
    language: Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{1,8})?\Z")]
    text: str
    recording: str | None
    secret: bool


class MakeBeep(msgspec.Struct, frozen=True):
    """The beep before a message."""


class Made(msgspec.Struct, frozen=True):
    """Where Asterisk finds it, and how long it plays. `stays`: it is made ahead of calls, and is never deleted."""

    path: str
    seconds: float
    stays: bool


class ForgetSound(msgspec.Struct, frozen=True):
    path: str


class BeginTape(msgspec.Struct, frozen=True):
    channel: Id
    call: Id
    part: Id
    wideband: bool
    paused: bool


class RenewTape(msgspec.Struct, frozen=True):
    channel: Id
    call: Id
    part: Id
    paused: bool


class PauseTape(msgspec.Struct, frozen=True):
    channel: Id
    on: bool


class EndTape(msgspec.Struct, frozen=True):
    channel: Id
    call: Id
    part: Id


class KeepTape(msgspec.Struct, frozen=True):
    call: Id
    part: Id
    seconds: float
