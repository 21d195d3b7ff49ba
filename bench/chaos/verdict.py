"""What was promised to callers, looked for in what the callers saw and in the store when all is over. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from statistics import median

SLOW = 0.5  # seconds to an answer that are told
CONNECTING = 1.0  # seconds after which a call has its row: who is killed earlier has told nobody of it


@dataclass(frozen=True)
class Seen:
    """By one caller. `at`: seconds after the load began. `whole`: it was answered, and the flow ended it. `waited`:
    seconds to the answer. `status`: of the final one by SIP; 0: there was none."""

    at: float
    answered: bool
    whole: bool
    caller: str = ""
    waited: float | None = None
    status: int = 0


@dataclass(frozen=True)
class Stored:
    """Of one call. `ends`, `cut_off`: how often its journey says that it ended, and that its Asterisk did. `passed`:
    the nodes that the flow came through."""

    ended: bool
    outcome: str
    tickets: int
    ends: int
    passed: Sequence[str]
    caller: str = ""
    asterisk: str = ""
    cut_off: int = 0


@dataclass(frozen=True)
class Out:
    """One of several Asterisks, which was killed, or drained. In seconds after the load began: from `at` to `until` it
    was to be given no calls, from `back` on it was to be given some. When a dead one is back is not known before."""

    asterisk: str
    at: float
    until: float
    back: float
    killed: bool = False

    def took(self, one: Seen, own: Sequence[Stored]) -> bool:
        """Whether this caller's call (`own`: what is stored of it) had to end with it."""
        there = all(call.asterisk == self.asterisk for call in own) if own else one.at >= self.at - CONNECTING
        return self.killed and one.at < self.at and there and not one.whole


@dataclass
class Verdict:
    """`lost`: callers who were not served to the end although they were to be. `wrong`: what is not as it should be.
    `notes`: figures."""

    calls: int
    lost: int
    failed: int
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.lost and not self.wrong


def verdict(
    seen: Sequence[Seen],
    stored: Mapping[str, Stored],
    left_over: Sequence[str],
    forgiven: tuple[float, float] | None,
    out: Out | None = None,
) -> Verdict:
    """`forgiven`: callers who came in these seconds may be lost, for what broke took them with it; `out`: so did this
    Asterisk with its own. `left_over`: what is still up, in words."""
    of = defaultdict[str, list[Stored]](list)
    for call in stored.values():
        of[call.caller].append(call)
    lost = sum(
        not one.whole
        and not (forgiven and forgiven[0] <= one.at < forgiven[1])
        and not (out and out.took(one, of[one.caller]))
        for one in seen
    )
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
    if out:
        counts |= _with_several(seen, of, out)
        result.notes = _figures(seen, of, out)
    result.wrong = [f"{number} {what}" for what, number in counts.items() if number > 0] + list(left_over)
    return result


def _with_several(seen: Sequence[Seen], of: Mapping[str, Sequence[Stored]], out: Out) -> dict[str, int]:
    taken = [of[one.caller] for one in seen if out.took(one, of[one.caller])]
    went_on = [of[one.caller] for one in seen if not out.took(one, of[one.caller])]
    to_it = [one.at for one in seen if any(call.asterisk == out.asterisk for call in of[one.caller])]
    later = sum(one.at > out.back for one in seen)
    return {
        "callers have two calls in the store": sum(len(of[one.caller]) > 1 for one in seen),
        "calls ended with their Asterisk, and their journeys do not say so once": sum(
            call.cut_off != 1 for own in taken for call in own
        ),
        "calls were cut off that were to go on": sum(call.cut_off > 0 for own in went_on for call in own),
        f"calls were given to {out.asterisk} while it was out": sum(out.at < at < out.until for at in to_it),
        f"calls came when {out.asterisk} was back, and it was given none": later
        if later > 1 and not any(at > out.back for at in to_it)
        else 0,
    }


def _figures(seen: Sequence[Seen], of: Mapping[str, Sequence[Stored]], out: Out) -> list[str]:
    """What it cost, by the second after it was taken out."""
    what = "killed" if out.killed else "drained"
    taken = [one for one in seen if out.took(one, of[one.caller])]
    others = sum(call.asterisk != out.asterisk for own in of.values() for call in own)
    later = [one for one in seen if one.at >= out.at]
    before = [one.waited for one in seen if one.at < out.at and one.waited is not None]
    unanswered = Counter((int(one.at - out.at), one.status) for one in later if not one.answered)
    refused = ((second, f"{number} with {status or 'nothing'}") for (second, status), number in unanswered.items())
    slowest = dict[int, float]()
    for one in later:
        if one.waited is not None and one.waited > SLOW:
            second = int(one.at - out.at)
            slowest[second] = max(slowest.get(second, 0.0), one.waited)
    return [
        f"{out.asterisk} {what} at {out.at:.1f} s, given calls again after {out.back - out.at:.1f} s; "
        f"{others} calls were not its own",
        f"with it ended {len(taken)} calls, {sum(not of[one.caller] for one in taken)} of them before they had a row",
        f"{len(later)} came later; not answered: {_by_second(refused) or 'none'}",
        f"answered after {median(before) if before else 0:.2f} s before; later the slowest over {SLOW} s by second: "
        + (_by_second((second, f"{waited:.2f}") for second, waited in slowest.items()) or "none"),
    ]


def _by_second(figures: Iterable[tuple[int, object]]) -> str:
    return ", ".join(f"{second}: {figure}" for second, figure in sorted(figures, key=lambda one: one[0]))


def _came_back(passed: Sequence[str]) -> bool:
    """To a node that it had left for another. Whoever goes on with a call may do its last step again, and no more."""
    order = [name for name, _ in groupby(passed)]
    return len(set(order)) < len(order)
