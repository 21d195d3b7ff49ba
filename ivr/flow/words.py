"""What the machine is told (events), what it says (actions), and what it remembers (state).

All are plain values; `State` goes through JSON and back unchanged, because a session leaves it on its channel.
"""

from typing import Any

from msgspec import Struct, field


class Say(Struct, frozen=True):
    """One spoken unit. `recording`: a sound file below the flows' folder that replaces the synthesised text."""

    prompt: str
    language: str
    text: str
    recording: str | None = None


class Facts(Struct, frozen=True):
    """What is known of a call when it comes in."""

    call_id: str
    called: str
    caller: str = ""  # E.164, "" when withheld
    withheld: bool = False
    district: str = ""  # Italian area code
    country: str = ""
    calls_today: int = 0


# Actions


class Play(Struct, frozen=True, tag=True):
    """Play, then tell `Played(id)`. A later Play replaces it only after `StopPlay`."""

    say: tuple[Say, ...]
    id: int


class StopPlay(Struct, frozen=True, tag=True):
    pass


class Timer(Struct, frozen=True, tag=True):
    """Tell `Elapsed(id)` after so many seconds; it replaces the timer before."""

    seconds: float
    id: int


class Music(Struct, frozen=True, tag=True):
    on: bool
    name: str = "default"


class Enqueue(Struct, frozen=True, tag=True):
    """Wait for an operator. `skills` are resolved; `max_wait` seconds, None for no limit."""

    queue: str
    skills: tuple[str, ...]
    priority: int
    max_wait: float | None


class LeaveQueue(Struct, frozen=True, tag=True):
    pass


class Connect(Struct, frozen=True, tag=True):
    """The caller is ready to speak with the operator who answered."""


class Hangup(Struct, frozen=True, tag=True):
    cause: str  # normal, busy, congestion


class Note(Struct, frozen=True, tag=True):
    """An entry for the journey."""

    kind: str
    node: str
    detail: dict[str, Any] = field(default_factory=dict)


Action = Play | StopPlay | Timer | Music | Enqueue | LeaveQueue | Connect | Hangup | Note


# Events


class Played(Struct, frozen=True, tag=True):
    id: int


class PlayFailed(Struct, frozen=True, tag=True):
    id: int
    reason: str


class Key(Struct, frozen=True, tag=True):
    key: str


class Elapsed(Struct, frozen=True, tag=True):
    id: int


class Announce(Struct, frozen=True, tag=True):
    """Time to tell the caller the place in the queue, and the estimated wait in seconds."""

    position: int
    wait: float


class OperatorAnswered(Struct, frozen=True, tag=True):
    code: str


class OperatorLost(Struct, frozen=True, tag=True):
    """The operator who answered was gone before the conversation."""


class OperatorLeft(Struct, frozen=True, tag=True):
    """The conversation is over and the caller still there."""

    disposition: str


class QueueExit(Struct, frozen=True, tag=True):
    exit: str  # timeout, full, unstaffed


class HungUp(Struct, frozen=True, tag=True):
    pass


class Failed(Struct, frozen=True, tag=True):
    reason: str


Event = (
    Played | PlayFailed | Key | Elapsed | Announce | OperatorAnswered | OperatorLost | OperatorLeft | QueueExit
    | HungUp | Failed
)  # fmt: skip


class TicketSpec(Struct, frozen=True):
    """What a `ticket` node said; empty type: as the call's end has it."""

    type: str = ""
    subject: str = ""
    fields: dict[str, str] = field(default_factory=dict)


class State(Struct):
    """Where a call stands. `step` counts what was asked of the world (plays, timers), and is their id.

    `wait` belongs to the verb of `node`: what it waits for. `keys` were pressed ahead, for the next menu.
    """

    flow: str
    node: str
    language: str
    variables: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    wait: dict[str, Any] = field(default_factory=dict)
    keys: str = ""
    outcome: str = ""
    ticket: TicketSpec | None = None
    survey: dict[str, dict[str, int | None]] = field(default_factory=dict)
    queue: str = ""
    operator: str = ""
    disposition: str = ""
    done: bool = False
