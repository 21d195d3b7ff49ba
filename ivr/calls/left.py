"""What a controller that is dead has left, while the store, which says whose a call is, is away: pure.

Who still lives is told by its channels, and how each call stands is on them. What was begun or ended since the store
went away is in what the dead one has kept (`ivr.store.backlog`). Nothing else is touched before the store is back: of a
channel without a word, it alone knows whether it has a call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ivr.calls.kept import Kept
from ivr.store import writes
from ivr.store.schema import Call

MANY = 100_000  # higher than the number of any call's last entry


@dataclass
class Left:
    """`calls`: those that live, each with the number of the last entry of its journey, or a higher one. `over`:
    channels of calls that have ended and were not hung up."""

    calls: list[tuple[Call, int]] = field(default_factory=list)
    over: list[str] = field(default_factory=list)


def left(controller: str, channels: Mapping[str, Kept | None], kept: Sequence[writes.Kept]) -> Left:
    """`channels`: those in its application, with what is left on each. `kept`: what it has kept, in order."""
    begun = {one.row["channel"]: one.row for one in kept if isinstance(one, writes.StartCall)}
    ended = {one.call for one in kept if isinstance(one, writes.FinishCall)}
    last: dict[str, int] = {}
    for one in kept:
        if isinstance(one, writes.AddJourney):
            for entry in one.rows:
                last[entry["call_id"]] = max(entry["seq"], last.get(entry["call_id"], 0))
    found = Left()
    for channel, former in channels.items():
        row = begun.get(channel)
        if former:
            about = (former.call, former.facts.called, former.facts.caller, former.version)
            number = max(last.get(former.call, 0), former.journey) or MANY
        elif row:
            about, number = (row["id"], row["called"], row["caller"], row["version"]), last.get(row["id"], 0)
        else:
            continue
        call, called, caller, version = about
        if call in ended:
            found.over.append(channel)
        else:
            row_of_it = Call(
                id=call, channel=channel, controller=controller, called=called, caller=caller, version=version
            )
            found.calls.append((row_of_it, number))
    return found
