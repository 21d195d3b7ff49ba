"""Were the router's promises kept? Pure; from what the store tells, which two controllers have written.

Each controller notes what happens in its own calls and the lead what operators do, a few milliseconds apart. So what
overlaps, or is out of order, by less than `APART` is not counted as broken; nor is an answer that came as the ringing
ended, and was taken back within that time.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from math import inf

from bench.queues.history import History, Kind, Span, Staff, Way

APART = 0.1
IDLE = 0.5  # seconds for which an operator may be ready while a fit call waits
SAME = 0.5  # by so much a conversation may differ between the call's and the operator's side; days count whole seconds


def broken(history: History, placed: int) -> dict[str, list[str]]:
    """By promise: what breaks it, with the calls. `placed`: how many calls were made and answered."""
    ways, staff = history.ways, history.staff
    return {
        "a call is offered to one operator at a time": list(_twice(way.rings for way in ways.values())),
        "an operator has one offer or one call at a time": list(_twice(_by_operator(ways))),
        f"nobody is ready for {IDLE:g} s while a fit call waits": list(_idle(ways, staff)),
        "no call is overtaken by a later equal one": list(_overtaken(ways)),
        "each call has one row, one end, one ticket": list(_lost(history, placed)),
        "operators' days add up": list(_days(ways, staff)),
    }


def _by_operator(ways: Mapping[str, Way]) -> Iterable[list[Span]]:
    busy = defaultdict(list)
    for way in ways.values():
        for span in [*way.rings, *way.talks]:
            busy[span.operator].append(span)
    return busy.values()


def _twice(groups: Iterable[list[Span]]) -> Iterator[str]:
    for spans in groups:
        for one, other in pairwise(sorted(spans, key=lambda span: span.begin)):
            if min(one.end, other.end) - other.begin > APART:
                yield f"{_told(one)}, {_told(other)}"


def _told(span: Span) -> str:
    where = f"at {span.operator}" if span.operator else "waits"
    return f"{span.call} {where} from {span.begin:.3f} to {span.end:.3f}"


def waiting(ways: Mapping[str, Way]) -> dict[Kind, list[Span]]:
    """The times in which calls wait and are offered to nobody, by kind, in order of their beginning."""
    spans = defaultdict(list)
    for way in ways.values():
        spans[way.kind] += way.waits
    return {kind: sorted(found, key=lambda span: span.begin) for kind, found in spans.items()}


def _idle(ways: Mapping[str, Way], staff: Mapping[str, Staff]) -> Iterator[str]:
    waits = waiting(ways)
    for one in staff.values():
        for stands in one.stands:
            if stands.state != "ready" or stands.end - stands.begin <= IDLE:
                continue
            for span in (span for kind, spans in waits.items() if one.fits(kind) for span in spans):
                both = min(stands.end, span.end) - max(stands.begin, span.begin)
                if both > IDLE:
                    yield f"{one.code} is ready from {stands.begin:.3f} on, {span.call} waits, for {both:.3f} s"


def _overtaken(ways: Mapping[str, Way]) -> Iterator[str]:
    """By first offers alone: who comes back from an operator has an older place."""
    by_kind = defaultdict(list)
    for way in ways.values():
        if way.waits:
            by_kind[way.kind].append(way)
    for found in by_kind.values():
        found.sort(key=lambda way: way.waits[0].begin)
        begins = [way.waits[0].begin for way in found]
        # Of those from each place on: who was offered first, and when.
        first: list[tuple[float, str]] = [(inf, "")]
        for way in reversed(found):
            first.append(min(first[-1], (min((ring.begin for ring in way.rings), default=inf), way.call)))
        first.reverse()
        for way in found:
            mine = way.waits[0]
            at, other = first[bisect_right(begins, mine.begin + APART)]
            if mine.end - at > APART:
                yield f"{_told(mine)}; {other} came later and is offered at {at:.3f}"


def _lost(history: History, placed: int) -> Iterator[str]:
    if len(history.ways) != placed:
        yield f"{placed} calls were answered, {len(history.ways)} have a row"
    for way in history.ways.values():
        if way.ended is None:
            yield f"{way.call} has no end"
        elif (number := history.tickets.get(way.call, 0)) != 1 or way.call in history.undelivered:
            yield f"{way.call} has {number} tickets"


def _days(ways: Mapping[str, Way], staff: Mapping[str, Staff]) -> Iterator[str]:
    """The parts of a day make the whole; and conversations are those that the calls tell of."""
    talks: dict[str, dict[str, Span]] = defaultdict(dict)
    for way in ways.values():
        for span in way.talks:
            talks[span.operator][span.call] = span
    for one in staff.values():
        if one.account and sum(one.account.states.values()) != one.account.seconds:
            yield f"{one.code}: {dict(one.account.states)} is not {one.account.seconds} s"
        stood = {stands.call: stands for stands in one.stands if stands.state == "talking"}
        lasting = {call for call, talk in talks[one.code].items() if talk.end - talk.begin > APART}
        for call in (stood.keys() - talks[one.code].keys()) | (lasting - stood.keys()):
            yield f"{one.code} and {call}: one tells of a conversation, the other does not"
        for call in stood.keys() & talks[one.code].keys():
            apart = (stood[call].end - stood[call].begin) - (talks[one.code][call].end - talks[one.code][call].begin)
            if abs(apart) > SAME:
                yield f"{one.code} and {call}: the conversation is longer by {apart:.3f} s for the operator"
