"""Ids of everything that belongs to a call, made from the call's own id.

Whoever knows the call (another controller, after a crash) can address what belongs to it, and a step that is
repeated addresses the same thing. A channel of a citizen keeps the id Asterisk gave it.
"""

import uuid_utils


def new_call() -> str:
    """A UUIDv7 (RFC 9562): sorts by time."""
    return str(uuid_utils.uuid7())


def playback(call: str, step: int) -> str:
    return f"{call}-play-{step}"


def bridge(call: str, offer: int) -> str:
    return f"{call}-bridge-{offer}"


def outside_channel(call: str, step: int) -> str:
    return f"{call}-outside-{step}"


def consult(call: str, number: int) -> str:
    """For the router, asking another operator is a call of its own."""
    return f"{call}-consult-{number}"


def call_of(name: str) -> str:
    """The call that anything named here belongs to: a UUID's 36 letters."""
    return name[:36]


def supervisor_channel(call: str, number: int) -> str:
    return f"{call}-supervisor-{number}"


def operator_channel(call: str, offer: int) -> str:
    return f"{call}-operator-{offer}"
