"""Circles: nodes that come back to themselves and wait for nothing, and subflows that call each other."""

from collections.abc import Iterator, Mapping, Sequence

from ivr.flow.findings import Found
from ivr.flow.outline import Outline


def circles(flows: Mapping[str, Outline]) -> Iterator[tuple[str, Found]]:
    """(flow, finding). A circle is reported once, at its first node in the file."""
    quick = _quick_flows(flows)
    for name, flow in flows.items():
        hasty = [_hasty(flow, number, quick) for number in range(len(flow.steps))]
        edges = [
            [exit for exit in step.exits if hasty[exit]] if hasty[number] else []
            for number, step in enumerate(flow.steps)
        ]
        for group in components(edges):
            first = min(group)
            if len(group) > 1 or first in edges[first]:
                way = _way(first, edges, set(group))
                names = " → ".join(flow.steps[number].name for number in (way if len(way) < 8 else [*way[:6], way[-1]]))
                message = f"node '{flow.steps[first].name}' comes back to itself and waits for nothing: {names}"
                yield name, Found(("nodes", flow.steps[first].name), "circle", message, "lead one of them elsewhere")


def _hasty(flow: Outline, number: int, quick: set[str]) -> bool:
    """Whether the node can be passed without waiting."""
    step = flow.steps[number]
    return step.calls in quick if step.calls else not step.waits


def _quick_flows(flows: Mapping[str, Outline]) -> set[str]:
    """Subflows that can come from their start to a `return` without waiting."""
    quick: set[str] = set()
    while True:
        more = {name for name, flow in flows.items() if name not in quick and _returns_at_once(flow, quick)}
        if not more:
            return quick
        quick |= more


def _returns_at_once(flow: Outline, quick: set[str]) -> bool:
    seen: set[int] = set()
    todo = [flow.start]
    while todo:
        number = todo.pop()
        if number < 0 or number in seen or not _hasty(flow, number, quick):
            continue
        seen.add(number)
        if flow.steps[number].returns:
            return True
        todo += flow.steps[number].exits
    return False


def recursion(flows: Mapping[str, Outline]) -> Iterator[tuple[str, Found]]:
    """Each call by which a subflow can come to call itself."""
    names = list(flows)
    number = {name: index for index, name in enumerate(names)}
    edges = [[number[step.calls] for step in flow.steps if step.calls in number] for flow in flows.values()]
    group_of = {one: index for index, group in enumerate(components(edges)) for one in group}
    for name, flow in flows.items():
        for step in flow.steps:
            if step.calls in number and group_of[number[step.calls]] == group_of[number[name]]:
                back = "itself" if step.calls == name else f"'{step.calls}', which comes back to it"
                message = f"flow '{name}' calls {back}"
                yield (
                    name,
                    Found(("nodes", step.name, "subflow"), "recursion", message, "let it return instead"),
                )


def components(edges: Sequence[Sequence[int]]) -> list[list[int]]:
    """Strongly connected components (Tarjan 1972), without recursion."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    on_stack: set[int] = set()
    stack: list[int] = []
    found: list[list[int]] = []
    for root in range(len(edges)):
        if root in index:
            continue
        work = [(root, 0)]
        while work:
            node, turn = work.pop()
            if turn == 0:
                index[node] = low[node] = len(index)
                stack.append(node)
                on_stack.add(node)
            elif (child := edges[node][turn - 1]) in on_stack:
                low[node] = min(low[node], low[child])
            for next_turn in range(turn, len(edges[node])):
                child = edges[node][next_turn]
                if child not in index:
                    work += [(node, next_turn + 1), (child, 0)]
                    break
                if child in on_stack:
                    low[node] = min(low[node], index[child])
            else:
                if low[node] == index[node]:
                    group = [stack.pop()]
                    while group[-1] != node:
                        group.append(stack.pop())
                    on_stack.difference_update(group)
                    found.append(group)
    return found


def _way(first: int, edges: Sequence[Sequence[int]], group: set[int]) -> list[int]:
    """The shortest way from `first` back to it within the group."""
    before: dict[int, int] = {}
    todo = [first]
    for number in todo:
        for exit in edges[number]:
            if exit == first:
                way = [first, number]
                while way[-1] != first:
                    way.append(before[way[-1]])
                return way[::-1] if number != first else [first, first]
            if exit in group and exit not in before:
                before[exit] = number
                todo.append(exit)
    return [first]
