"""What the floor and the router say to each other: events go in, actions come out. Times are seconds, monotonic.

Each event about an operator says `by` whom: `phone`, `page`, `api`, `supervisor NAME`; "" is the router itself.
"""

from dataclasses import dataclass
from typing import Literal

from ivr.acd.state import Presence, Queue

# Events about queues and calls


@dataclass(frozen=True)
class Arranged:
    """These are the queues from now on."""

    queues: tuple[Queue, ...]


@dataclass(frozen=True)
class Arrived:
    """A call begins to wait.

    `needs`: skills, each `name` or `name>=LEVEL`. `language`: what `language` stands for in an overflow. `terms`: the
    queue as the call's flows have it, should it be none of those there are now.
    """

    call: str
    queue: str
    needs: tuple[str, ...] = ()
    priority: int = 0
    max_wait: float | None = None
    waited: float = 0.0  # when the call comes back from an operator who was lost: it keeps its place
    terms: Queue | None = None
    language: str = ""
    on_its_way: float = 0.0  # seconds that the news of it took: they count as waited, and change nothing else


@dataclass(frozen=True)
class Left:
    """The caller hung up, or went elsewhere."""

    call: str


@dataclass(frozen=True)
class Moved:
    """A supervisor moves a waiting call to another queue (with the time it has waited), or to the front of its own."""

    call: str
    queue: str = ""
    front: bool = False


# Events about offers and conversations


@dataclass(frozen=True)
class Accepted:
    """The operator's phone was answered."""

    call: str
    operator: str


@dataclass(frozen=True)
class Missed:
    """The operator did not take the offer, or hung up before the conversation; a call that was accepted comes back with
    `Arrived`. `absent`: no phone of theirs is registered."""

    call: str
    operator: str
    absent: bool = False


@dataclass(frozen=True)
class Finished:
    """The operator and the caller are apart again; the operator now wraps up, if they have `spoken`."""

    call: str
    spoken: bool = True


# Events about operators


@dataclass(frozen=True)
class Joined:
    """There is this operator now, or their skills and queues have changed. Who is new begins as `presence` says."""

    operator: str
    skills: tuple[tuple[str, int], ...]
    queues: frozenset[str]
    languages: tuple[str, ...] = ()
    presence: Presence = "signed-out"
    reason: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Removed:
    """There is no such operator any more."""

    operator: str


@dataclass(frozen=True)
class SignedIn:
    """`phone`: the account at which the operator is rung from now on."""

    operator: str
    phone: str
    by: str = ""


@dataclass(frozen=True)
class SignedOut:
    operator: str
    by: str = ""


@dataclass(frozen=True)
class Paused:
    operator: str
    reason: str
    by: str = ""


@dataclass(frozen=True)
class Resumed:
    """Back from a pause, or done with the wrap-up."""

    operator: str
    by: str = ""


@dataclass(frozen=True)
class WrappedUp:
    """The disposition is given: no need to wait for the end of the wrap-up."""

    operator: str


@dataclass(frozen=True)
class Vanished:
    """The operator's phone cannot be reached."""

    operator: str


@dataclass(frozen=True)
class Reached:
    """The operator's phone can be reached again."""

    operator: str


@dataclass(frozen=True)
class Tick:
    """Time has passed."""


Event = (
    Arranged | Arrived | Left | Moved | Accepted | Missed | Finished | Joined | Removed | SignedIn | SignedOut
    | Paused | Resumed | WrappedUp | Vanished | Reached | Tick
)  # fmt: skip


# Actions


@dataclass(frozen=True)
class Offer:
    """Ring the operator's `phone` for so many seconds."""

    call: str
    operator: str
    phone: str
    ring: float


@dataclass(frozen=True)
class Withdraw:
    """`missed`: it has rung for its whole time."""

    call: str
    operator: str
    missed: bool = False


@dataclass(frozen=True)
class Exit:
    call: str
    exit: Literal["timeout", "full", "unstaffed"]


@dataclass(frozen=True)
class Announce:
    """Tell the caller: place in the queue (from 1) and estimated wait in seconds, None while nobody can know."""

    call: str
    position: int
    wait: float | None


@dataclass(frozen=True)
class Present:
    """An operator's presence changed."""

    operator: str
    presence: Presence
    reason: str = ""
    call: str = ""
    phone: str = ""
    by: str = ""


Action = Offer | Withdraw | Exit | Announce | Present
