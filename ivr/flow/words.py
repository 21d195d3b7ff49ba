"""What the machine is told (events), what it says (actions), and what it remembers (state).

All are plain values; `State` goes through JSON and back unchanged, because a session leaves it on its channel.
"""

from typing import Any

from msgspec import Struct, field


class Say(Struct, frozen=True):
    """One spoken unit. `recording`: a sound file below the flows' folder that replaces the synthesised text.

    `secret`: the text holds digits that must not outlive the moment they are spoken.
    """

    prompt: str
    language: str
    text: str
    recording: str | None = None
    secret: bool = False


class Facts(Struct, frozen=True):
    """What is known of a call when it comes in."""

    call_id: str
    called: str
    caller: str = ""  # E.164, "" when withheld
    withheld: bool = False
    district: str = ""  # Italian area code
    country: str = ""
    calls_today: int = 0
    ticket: str = ""  # number of the newest ticket of this caller that is not closed
    ticket_state: str = ""  # new, open, waiting; "" when there is none
    place: str = ""  # the queue that they had a place in when Asterisk cut them off, just now
    place_since: float = 0.0  # seconds since 1970


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
    place: bool = False  # the one that the caller had when they were cut off


class LeaveQueue(Struct, frozen=True, tag=True):
    pass


class Connect(Struct, frozen=True, tag=True):
    """The caller is ready to speak with the operator who answered. `recording`: `on`, `off` or `paused`."""

    recording: str = "on"


class Http(Struct, frozen=True, tag=True):
    """Ask a web service, then tell `HttpReply(id)`. `secret_headers`: header → name of a secret in the settings."""

    id: int
    method: str
    url: str
    timeout: float  # seconds for the whole exchange
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    secret_headers: dict[str, str] = field(default_factory=dict)


class Callback(Struct, frozen=True, tag=True):
    """Store the wish to be called back by a queue; `number` is E.164."""

    queue: str
    number: str
    language: str


class Record(Struct, frozen=True, tag=True):
    """Beep, then record the caller until `#`, `max` seconds or `StopRecording`; then tell `Recorded(id)`. `already`:
    seconds for which it has been recorded, and is."""

    id: int
    max: float
    queue: str
    already: float = 0.0


class StopRecording(Struct, frozen=True, tag=True):
    """The message is over; what was said so far is kept."""


class Transfer(Struct, frozen=True, tag=True):
    """Ring a number outside and join it with the caller: `TransferAnswered(id)` when it answers, `TransferEnded(id)`
    when it is over or nobody answered within `timeout` seconds. `answered`: the two speak already."""

    id: int
    to: str
    timeout: float
    answered: bool = False


class StopTransfer(Struct, frozen=True, tag=True):
    pass


class AskTicket(Struct, frozen=True, tag=True):
    """Have the ticket made now, as the flow has said it is; tell `TicketMade` then. Nobody waits for it."""


class Hangup(Struct, frozen=True, tag=True):
    cause: str  # normal, busy, congestion


class Note(Struct, frozen=True, tag=True):
    """An entry for the journey."""

    kind: str
    node: str
    detail: dict[str, Any] = field(default_factory=dict)


Action = (
    Play | StopPlay | Timer | Music | Enqueue | LeaveQueue | Connect | Http | Callback | Record | StopRecording
    | Transfer | StopTransfer | AskTicket | Hangup | Note
)  # fmt: skip


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
    """Time to tell the caller the place in the queue, and the estimated wait in seconds; None: nobody can know yet."""

    position: int
    wait: float | None


class OperatorAnswered(Struct, frozen=True, tag=True):
    code: str


class Transferred(Struct, frozen=True, tag=True):
    """The operator has sent the caller on; they wait, now in this queue."""

    queue: str


class Moved(Struct, frozen=True, tag=True):
    """A supervisor has put the caller, who waits, into this queue."""

    queue: str


class OperatorChanged(Struct, frozen=True, tag=True):
    """Another operator has the call, and the caller has heard who."""

    code: str


class OperatorLost(Struct, frozen=True, tag=True):
    """The operator who answered was gone before the conversation."""


class OperatorLeft(Struct, frozen=True, tag=True):
    """The conversation is over and the caller still there."""

    disposition: str


class QueueExit(Struct, frozen=True, tag=True):
    exit: str  # timeout, full, unstaffed


class HttpReply(Struct, frozen=True, tag=True):
    """`status` 0: no answer came, and `problem` says why (`timeout`, `too large` …). `body` is JSON or text."""

    id: int
    status: int
    body: Any = None
    problem: str = ""


class Recorded(Struct, frozen=True, tag=True):
    id: int
    seconds: float


class TransferAnswered(Struct, frozen=True, tag=True):
    id: int


class TransferEnded(Struct, frozen=True, tag=True):
    """`answered`: they spoke. Otherwise nobody was reached."""

    id: int
    answered: bool


class TicketMade(Struct, frozen=True, tag=True):
    number: str


class HungUp(Struct, frozen=True, tag=True):
    pass


class Failed(Struct, frozen=True, tag=True):
    reason: str


Event = (
    Played | PlayFailed | Key | Elapsed | Announce | OperatorAnswered | OperatorLost | OperatorLeft | Transferred
    | Moved | OperatorChanged | QueueExit
    | HttpReply | Recorded | TransferAnswered | TransferEnded | TicketMade | HungUp | Failed
)  # fmt: skip


class TicketSpec(Struct, frozen=True):
    """What a `ticket` node said; empty type: as the call's end has it."""

    type: str = ""
    subject: str = ""
    fields: dict[str, str] = field(default_factory=dict)


class Frame(Struct, frozen=True):
    """Where a subflow returns to: the node of `flow`, with that flow's variables."""

    flow: str
    node: str
    variables: dict[str, Any]


class State(Struct):
    """Where a call stands. `step` counts what was asked of the world (plays, timers, requests), and is their id.

    `wait` belongs to the verb of `node`: what it waits for. `keys` were pressed ahead, for the next menu or collect.
    `stack` holds who called the subflow that is running, the innermost last.
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
    ticket_number: str = ""  # "" while it is not known
    survey: dict[str, dict[str, int | None]] = field(default_factory=dict)
    queue: str = ""
    position: int = 0  # as last announced
    estimate: float = 0.0  # seconds, as last announced; 0 while unknown
    operator: str = ""
    disposition: str = ""
    recording: str = "on"  # on, off (the caller objects), paused
    stack: list[Frame] = field(default_factory=list)
    place_taken: bool = False  # the one that they had when they were cut off
    failed: bool = False  # a node failed already, and `on_error` had its turn
    done: bool = False
