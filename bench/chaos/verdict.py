"""What was promised to callers, looked for in what the callers saw and in the store when all is over. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby


@dataclass(frozen=True)
class Seen:
    """By one caller. `at`: seconds after the load began. `whole`: it was answered, and the flow ended it."""

    at: float
    answered: bool
    whole: bool


@dataclass(frozen=True)
class Stored:
    """Of one call. `ends`: how often its journey says that it ended. `passed`: the nodes that the flow came through."""

    ended: bool
    outcome: str
    tickets: int
    ends: int
    passed: Sequence[str]


@dataclass
class Verdict:
    """`lost`: callers who were not served to the end although they were to be. `wrong`: what is not as it should be."""

    calls: int
    lost: int
    failed: int
    wrong: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.lost and not self.wrong


def verdict(
    seen: Sequence[Seen], stored: Mapping[str, Stored], left_over: Sequence[str], forgiven: tuple[float, float] | None
) -> Verdict:
    """`forgiven`: callers who came in these seconds may be lost, for what broke took them with it. `left_over`: what is
    still up, in words."""
    lost = sum(not one.whole for one in seen if forgiven is None or not forgiven[0] <= one.at < forgiven[1])
    result = Verdict(len(seen), lost, sum(one.outcome == "failed" for one in stored.values()))
    counts = {
        "calls are in the store more than were answered": len(stored) - len(seen),
        "callers were served of whom the store knows nothing": sum(one.whole for one in seen) - len(stored),
        "calls have no end": sum(not one.ended for one in stored.values()),
        "calls have no ticket": sum(not one.tickets for one in stored.values()),
        "calls have two tickets": sum(one.tickets > 1 for one in stored.values()),
        "journeys end never, or twice": sum(one.ended and one.ends != 1 for one in stored.values()),
        "calls came through a node again": sum(_came_back(one.passed) for one in stored.values()),
    }
    result.wrong = [f"{number} {what}" for what, number in counts.items() if number > 0] + list(left_over)
    return result


def _came_back(passed: Sequence[str]) -> bool:
    """To a node that it had left for another. Whoever goes on with a call may do its last step again, and no more."""
    order = [name for name, _ in groupby(passed)]
    return len(set(order)) < len(order)
