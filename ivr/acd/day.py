"""An operator's day, recomputed from the changes of where they stood. Pure.

A day goes from the first moment at work to the last sign-out, within one calendar day of the contract's zone; who is
still at work is so until now, or until midnight. Moments count as whole seconds, so that the parts add up to the whole
exactly; a state that begins and ends within one second has none.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

OFF = "signed-out"


class Change(Protocol):
    """From `at` (aware) on, the operator stood so; `reason` of a pause."""

    @property
    def at(self) -> datetime: ...
    @property
    def state(self) -> str: ...
    @property
    def reason(self) -> str: ...


@dataclass(frozen=True)
class Day:
    """Seconds by state, `signed-out` between two sign-ins among them, and those of the pauses by reason.

    `open`: the day is not over, the operator is still at work.
    """

    first: datetime
    last: datetime
    open: bool
    states: Mapping[str, int]
    pauses: Mapping[str, int]

    @property
    def seconds(self) -> int:
        return _seconds(self.first, self.last)


def account(changes: Iterable[Change], begin: datetime, end: datetime, now: datetime) -> Day | None:
    """The day in [begin, end) as it is known at `now`; None for somebody who was not at work.

    `changes`: in order of time, those of the day and the last from before it.
    """
    if now <= begin:
        return None
    over, end = now >= end, min(end, now)
    known = [one for one in changes if one.at < end]
    earlier = sum(one.at <= begin for one in known)  # the last of them holds when the day begins
    stood = [(_whole(max(one.at, begin)), one.state, one.reason) for one in known[max(0, earlier - 1) :]]
    stood.append((_whole(end), "", ""))
    states: Counter[str] = Counter()
    pauses: Counter[str] = Counter()
    first = last = None
    off = 0  # signed out since `last`: part of the day only if another sign-in follows
    for (at, state, reason), (until, _, _) in pairwise(stood):
        seconds = _seconds(at, until)
        if state == OFF:
            off += seconds
            continue
        if first is None:
            first = at
        elif off:
            states[OFF] += off
        off, last = 0, until
        states[state] += seconds
        if state == "paused":
            pauses[reason] += seconds
    if first is None or last is None:
        return None
    return Day(first, last, not over and stood[-2][1] != OFF, dict(states), dict(pauses))


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _seconds(begin: datetime, end: datetime) -> int:
    return (end - begin) // timedelta(seconds=1)
