"""Where a caller stood whose call was cut off because Asterisk ended: pure. Who calls again has that place."""

from collections.abc import Sequence
from datetime import datetime

from ivr.store.calls import CUT_OFF
from ivr.store.schema import JourneyEntry


def place(journey: Sequence[JourneyEntry]) -> tuple[str, datetime] | None:
    """The queue in which they waited, or from which they had the operator they spoke with, and since when they were in
    it; None when they were elsewhere. `journey`: of the call that was cut off, in order."""
    found: tuple[str, datetime] | None = None
    for row in journey:
        if row.kind == CUT_OFF:
            break  # what comes after only clears up
        if row.kind == "queue":  # a supervisor who moves them to another leaves them the time that they have waited
            found = (str(row.detail["queue"]), found[1] if found else row.at)
        elif row.kind in ("node", "conversation-ended"):
            found = None
    return found
