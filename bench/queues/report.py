"""The figures of a load, and how they are told."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from bench.queues import promises
from bench.queues.centre import RING, WRAP_UP, Load, Result
from bench.queues.crowd import Heard
from bench.queues.history import History
from ivr.acd.router import MISSED

DECISION, OFFER = 20.0, 150.0  # ms that are asked for: p99 of a decision, p95 of an offer
MOST = 5  # examples of a broken promise
SPARE = 2  # callers who may be on their way from one to the other


def from_hang_up(
    phones: Sequence[Heard], callers: Sequence[Heard], wrap_up: float, clock: Callable[[float], float] = float
) -> list[float]:
    """Seconds from the end of an operator's wrap-up, counted from their phone's hang-up on (by `clock`), to its next
    ring, as phones and callers saw it; negative where it was cut short. Only where calls waited all the time: more than
    `SPARE` callers were there who had nobody."""
    waiting, hung_up, found = _Waiting(phones, callers), dict[str, float](), []
    for one in phones:
        if one.what in ("hangs-up", "is-left"):
            hung_up[one.who] = clock(one.at) + wrap_up
        elif (
            one.what == "rings"
            and (due := hung_up.pop(one.who, 0.0))
            and waiting.least(min(due, one.at) - 0.1, one.at) > SPARE
        ):
            found.append(one.at - due)
    return found


class _Waiting:
    """How many callers had nobody, as time went on."""

    def __init__(self, phones: Sequence[Heard], callers: Sequence[Heard]) -> None:
        steps = {"comes": 1, "goes": -1, "rings": -1, "hangs-up": 1, "is-left": 1, "cancelled": 1}
        changes = sorted((one.at, steps[one.what]) for one in [*phones, *callers])
        self._at = [at for at, _ in changes]
        self._number = list(accumulate(step for _, step in changes))

    def least(self, begin: float, end: float) -> int:
        first, last = max(0, bisect_left(self._at, begin) - 1), bisect_left(self._at, end)
        return min(self._number[first:last], default=0)


@dataclass(frozen=True)
class Offers:
    """Seconds from the moment at which an operator's wrap-up was to end, while a fit call waited: until the offer was
    decided, was noted by the call's controller, and until the phone rang."""

    decided: list[float]
    noted: list[float]
    rang: list[float]


def offers(history: History, phones: Sequence[Heard]) -> Offers:
    """From the store, but for the phones' ringing. Only of those whose next call was waiting by then."""
    found = Offers([], [], [])
    waits = {span.call: span for way in history.ways.values() for span in way.waits}
    rings = {(ring.call, ring.operator): ring.begin for way in history.ways.values() for ring in way.rings}
    for one in history.staff.values():
        rang = [told.at for told in phones if told.what == "rings" and told.who == one.code]
        for (wrapped, ready), offered in zip(pairwise(one.stands), one.stands[2:], strict=False):
            if [wrapped.state, ready.state, offered.state] != ["wrap-up", "ready", "offered"]:
                continue
            due, waited = wrapped.begin + WRAP_UP, waits.get(offered.call)
            if waited is None or waited.begin > due:
                continue
            found.decided.append(offered.begin - due)
            if noted := rings.get((offered.call, one.code)):
                found.noted.append(noted - due)
            place = bisect_left(rang, offered.begin - 0.01)
            if place < len(rang) and rang[place] < offered.end + RING:
                found.rang.append(rang[place] - due)
    return found


def tell(load: Load, result: Result, compared: Sequence[tuple[str, Sequence[float]]]) -> int:
    """Print it; 1 when a promise was broken."""
    history = result.history
    ways = history.ways.values()
    print(
        f"{load.operators} operators, {load.waiting} calls waiting, then {load.rate:g} calls/s for {load.seconds:g} s, "
        f"{load.controllers} controllers, seed {load.seed}"
    )
    served = [way for way in ways if way.talks]
    waited = sorted(sum(span.end - span.begin for span in way.waits) for way in served)
    print(
        f"  {result.placed} calls answered, {len(served)} spoke with an operator, {result.failed} not as callers expect"
    )
    print(f"  {result.refused} calls were refused, because there were too many")
    print(f"  {result.served / result.seconds:.1f} conversations began a second")
    missed = sum(
        stands.state == "paused" and stands.reason == MISSED for one in history.staff.values() for stands in one.stands
    )
    print(f"  {missed} times an operator was paused for an offer that they missed")
    print(f"  {_most(history)} waiting at most; who was served waited {_spread(waited, 1, 's')}")
    broken = promises.broken(history, result.placed)
    for promise, found in broken.items():
        print(f"  {len(found):>5} times broken: {promise}")
        for example in found[:MOST]:
            print(f"          {example}")
    told = offers(history, result.phones)
    print(f"  ready -> offer decided        {_spread(told.decided)}")
    print(f"  ready -> offer noted          {_spread(told.noted)}    asked: p95 {OFFER:g} ms")
    print(f"  ready -> phone rings          {_spread(told.rang)}")
    for name, took in result.took.items():
        times = f"median {1000 * took.median:.2f} ms, p99 {1000 * took.p99:.2f}, longest {1000 * took.longest:.2f}"
        print(f"  {name}: its last {took.number} decisions: {times}    asked: p99 {DECISION:g} ms")
    for name, seconds in result.cpu.items():
        print(f"  {name:<28} {100 * seconds / result.seconds:>5.1f} % of a core")
    for message, number in result.errors.most_common(8):
        print(f"  {number} times in the log: {message}")
    print("  phone hung up -> its next ring, less the wrap-up:")
    for name, times in compared:
        print(f"    {name:<32} {_spread(times)}")
    return 1 if any(broken.values()) else 0


def _most(history: History) -> int:
    """Calls that waited at the same time."""
    changes = sorted(
        change for way in history.ways.values() for span in way.waits for change in ((span.begin, 1), (span.end, -1))
    )
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


def _spread(times: Sequence[float], scale: float = 1000, unit: str = "ms") -> str:
    if not times:
        return "none"
    ordered, last = sorted(times), len(times) - 1
    shares = {"least": 0, "p50": 50, "p95": 95, "p99": 99}
    parts = ", ".join(f"{name} {scale * ordered[last * share // 100]:.1f}" for name, share in shares.items())
    return f"{parts} {unit} (of {len(times)})"
