"""No conversation is recorded unless its caller has heard that it will be: proved for every path of every flow.

What is proved. Of a call, two things matter here: how much of the notice has been heard (nothing; a notice that a key
can cut short; a whole one), and whether conversations are being recorded (`record: stop` and `start` switch it; a
paused recording is a recording). That makes six *marks*. A node changes a call's mark in one fixed way, whatever
happened before, so the set of marks with which calls can reach each node is found by following marks along exits
until nothing new appears. It is the exact set over all paths of the graph, however many and however long they are,
circles included: two paths that bring the same mark to a node are the same from there on. A finding is a node that
leads into a recorded conversation and can be reached with less than a whole notice.

Failures. Any node can fail, before anything it does has taken effect; the call then goes to `on_error` with the mark it
had when it came to the node.

Subflows. What a subflow does depends on the mark it begins with, and on nothing else of its caller. So each pair (flow,
mark it begins with) is followed by itself, once for all callers, and its *summary* says with which marks it can
return, and with which it can fail when it has no `on_error` of its own (the caller's takes over then). When a summary
grows, those who called are followed again. There are finitely many pairs and marks, and summaries only grow: it ends,
with subflows that call each other, too.

Where calls begin: in each flow that answers a number, and in each that nobody calls. What cannot be read (a node, a
file) is taken to be well meant, so that one mistake does not show as two.

A voicemail is not meant here: its caller speaks after its own prompt, on purpose, into a machine.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ivr.flow.findings import Found
from ivr.flow.outline import HEARD, NONE, SKIPPABLE, Outline, Step


class Mark(NamedTuple):
    heard: int
    recorded: bool


BEGIN = Mark(NONE, True)
Pair = tuple[str, Mark]
Spot = tuple[int, Mark]


@dataclass
class Summary:
    """`found`: nodes that lead into a recorded conversation, by the mark with which they are reached."""

    returns: set[Mark] = field(default_factory=set)
    fails: set[Mark] = field(default_factory=set)
    found: list[Spot] = field(default_factory=list)
    came_from: dict[Spot, Spot | None] = field(default_factory=dict)


def unwarned(flows: Mapping[str, Outline]) -> Iterator[tuple[str, Found]]:
    """(flow, finding) for each node that leads into a recorded conversation without a whole notice."""
    summaries, callers = _follow_all(flows)
    told: set[tuple[str, str, str]] = set()
    for (name, begin), summary in summaries.items():
        flow = flows[name]
        by = callers.get((name, begin))
        way_in = f"flow '{by[0][0]}', node '{by[0][1]}' → " if by else ""
        for spot in summary.found:
            for step, found in _findings(flow, summary, spot, way_in):
                if (name, step, found.code) not in told:
                    told.add((name, step, found.code))
                    yield name, found


def after(step: Step, mark: Mark) -> Mark:
    """The mark of a call that leaves the node by an exit."""
    recorded = {"stop": False, "start": True}.get(step.recording, mark.recorded)
    return Mark(max(mark.heard, step.notice), recorded)


def _follow_all(flows: Mapping[str, Outline]) -> tuple[dict[Pair, Summary], dict[Pair, list[tuple[str, str]]]]:
    """The summary of each flow and mark that a call can begin it with, and (flow, node) of those who call it."""
    summaries: dict[Pair, Summary] = {(name, BEGIN): Summary() for name in _beginnings(flows)}
    callers: dict[Pair, list[tuple[str, str]]] = defaultdict(list)
    waiting: dict[Pair, set[Pair]] = defaultdict(set)
    todo = deque(summaries)
    queued = set(todo)
    while todo:
        pair = todo.popleft()
        queued.discard(pair)
        name, begin = pair
        summary, calls = _follow(flows, flows[name], begin, summaries)
        grown = (summary.returns, summary.fails) != (summaries[pair].returns, summaries[pair].fails)
        summaries[pair] = summary
        news = [called for called in calls if called not in summaries]
        for called, node in calls.items():
            if pair not in waiting[called]:
                waiting[called].add(pair)
                callers[called].append((name, node))
        for called in news:
            summaries[called] = Summary()
        for other in (*news, *(waiting[pair] if grown else ())):
            if other not in queued:
                queued.add(other)
                todo.append(other)
    return summaries, callers


def _beginnings(flows: Mapping[str, Outline]) -> list[str]:
    called = {step.calls for flow in flows.values() for step in flow.steps}
    called |= {word for flow in flows.values() for word in flow.may_call}
    all_known = not any(flow.unreadable for flow in flows.values())
    return [
        name
        for name, flow in flows.items()
        if not flow.unreadable and (flow.answers or (all_known and name not in called))
    ]


def _follow(
    flows: Mapping[str, Outline], flow: Outline, begin: Mark, summaries: Mapping[Pair, Summary]
) -> tuple[Summary, dict[Pair, str]]:
    """Follow the marks through one flow, with what is known of its subflows by now."""
    summary = Summary()
    calls: dict[Pair, str] = {}
    came_from, todo = summary.came_from, deque[Spot]()

    def reach(node: int, mark: Mark, origin: Spot | None) -> None:
        if node >= 0 and (node, mark) not in came_from:
            came_from[node, mark] = origin
            todo.append((node, mark))

    def fail(mark: Mark, origin: Spot) -> None:
        if flow.on_error >= 0:
            reach(flow.on_error, mark, origin)
        else:
            summary.fails.add(mark)

    reach(flow.start, begin, None)
    while todo:
        spot = number, mark = todo.popleft()
        step = flow.steps[number]
        if step.converses and mark.recorded and mark.heard < HEARD:
            summary.found.append(spot)
        if step.returns:
            summary.returns.add(mark)
        if step.calls:
            called = flows.get(step.calls)
            if called is None or called.unreadable:
                leaving = {Mark(HEARD, mark.recorded)}
            else:
                pair = (step.calls, mark)
                calls.setdefault(pair, step.name)
                known = summaries.get(pair, Summary())
                leaving = known.returns
                for failed in sorted(known.fails):
                    fail(failed, spot)
        else:
            leaving = {after(step, mark)}
            fail(mark, spot)
        for left in sorted(leaving):
            for exit in step.exits:
                reach(exit, left, spot)
    return summary, calls


def _findings(flow: Outline, summary: Summary, spot: Spot, way_in: str) -> Iterator[tuple[str, Found]]:
    """(node, finding)."""
    number, mark = spot
    name = flow.steps[number].name
    way = f"{way_in}{_way(flow, summary, spot)}"
    if mark.heard == NONE:
        message = f"node '{name}' is reached without the notice of recording, by way of {way}"
        yield name, Found(("nodes", name), "no-notice", message, "play a prompt marked `notice: recording` on that way")
        return
    cut = [at for at, step in enumerate(flow.steps) if _cuts(flow, summary, at, step) and _leads(flow, at, spot)]
    for step in (flow.steps[at] for at in cut):
        message = f"a key cuts the notice of recording short, and node '{name}' is reached without it"
        yield (
            step.name,
            Found(("nodes", step.name, *step.notice_at), "notice-skippable", message, "write `barge_in: false`"),
        )
    if not cut:
        message = f"node '{name}' is reached with a notice of recording that a key can cut short, by way of {way}"
        yield name, Found(("nodes", name), "notice-skippable", message, "write `barge_in: false` where it is spoken")


def _cuts(flow: Outline, summary: Summary, at: int, step: Step) -> bool:
    """Whether some call has only this step's notice, which a key can cut short."""
    return step.notice == SKIPPABLE and any((at, Mark(NONE, on)) in summary.came_from for on in (True, False))


def _leads(flow: Outline, at: int, spot: Spot) -> bool:
    """Whether one comes from the step to the spot without hearing a whole notice."""
    seen: set[int] = set()
    todo = list(flow.steps[at].exits)
    while todo:
        number = todo.pop()
        if number == spot[0]:
            return True
        if number not in seen and flow.steps[number].notice != HEARD:
            seen.add(number)
            todo += flow.steps[number].exits
            if flow.on_error >= 0:
                todo.append(flow.on_error)
    return False


def _way(flow: Outline, summary: Summary, spot: Spot) -> str:
    names = []
    at: Spot | None = spot
    while at is not None:
        names.append(flow.steps[at[0]].name)
        at = summary.came_from[at]
    names = names[::-1] if len(names) <= 8 else [*names[:-5:-1], "…", *names[2::-1]]
    return " → ".join(names)
