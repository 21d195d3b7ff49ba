"""The states of a ticket, and which may follow which; pure."""

from ivr.tickets.table import State

# new: nobody has looked at it. waiting: for the citizen or somebody else, and the clock stands still. resolved: it is
# answered, and the citizen may still say that it is not. closed: it is over, and the accounts count it.
NEXT: dict[State, tuple[State, ...]] = {
    "new": ("open", "waiting", "resolved", "closed"),
    "open": ("waiting", "resolved", "closed"),
    "waiting": ("open", "resolved", "closed"),
    "resolved": ("open", "closed"),
    "closed": ("open",),
}
RUNNING = ("new", "open")  # the clock runs


def told(state: str) -> str:
    """In the words of all backends: for the citizen, what is answered is over."""
    return "closed" if state == "resolved" else state
