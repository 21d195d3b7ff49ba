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


def operator_channel(call: str, offer: int) -> str:
    return f"{call}-operator-{offer}"
