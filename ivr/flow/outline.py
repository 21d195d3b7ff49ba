"""A flow as the checks across flows need it: its graph and what each node does there, small enough to keep for every
flow of a large folder. Nodes are numbers; -1 is no node."""

from dataclasses import dataclass, field

from ivr.flow.findings import Found, Where, nearest_name
from ivr.flow.loader import Broken, Reading
from ivr.flow.model import Flow, Node

NONE, SKIPPABLE, HEARD = 0, 1, 2


@dataclass(slots=True)
class Step:
    """One node. `notice`: whether on the way to its exits the notice of recording is heard (NONE; SKIPPABLE, a key can
    cut it short, and what is at `notice_at` in the node lets it; HEARD). `recording`: `stop`, `start` or "". `calls`:
    the subflow that it runs, or ""."""

    name: str
    exits: tuple[int, ...]
    waits: bool = True
    converses: bool = False
    notice: int = NONE
    recording: str = ""
    calls: str = ""
    returns: bool = False
    notice_at: Where = ()


@dataclass(slots=True)
class Outline:
    """`open`: nodes that may lead anywhere, because their file or themselves cannot be read whole. `unreadable`: the
    whole flow is such; nothing is said of it."""

    name: str
    start: int = -1
    on_error: int = -1
    steps: list[Step] = field(default_factory=list)
    open: frozenset[int] = frozenset()
    answers: bool = False
    """It has a number, or cannot be told not to have one."""
    may_call: frozenset[str] = frozenset()
    """Words in nodes that cannot be read: among them may be flows that these call."""
    unreadable: bool = False


def outline(reading: Reading) -> Outline:
    flow = reading.flow
    names = [*flow.nodes, *reading.broken]
    number = {name: index for index, name in enumerate(names)}
    meant = _Meant(number)
    steps, open_ = [], set()
    for name, node in flow.nodes.items():
        exits = [meant(target) for target in node.targets().values()]
        if -1 in exits:
            open_.add(number[name])
        steps.append(_step(name, node, flow, tuple(sorted(set(exits) - {-1}))))
    for name, broken in reading.broken.items():
        if broken.open:
            open_.add(number[name])
        steps.append(_broken_step(name, broken, flow, number))
    return Outline(
        flow.name,
        meant(flow.start) if flow.start else -1,
        meant(flow.on_error) if flow.on_error else -1,
        steps,
        frozenset(open_),
        bool(flow.numbers) or "numbers" in reading.doubtful,
        frozenset(word for broken in reading.broken.values() for word in broken.words),
    )


class _Meant:
    """A node's number by its name; for a misspelled name, that of the node it probably means, so that what lies behind
    is not called unreachable."""

    def __init__(self, number: dict[str, int]) -> None:
        self._number = number

    def __call__(self, name: str) -> int:
        number = self._number.get(name)
        return number if number is not None else self._number.get(nearest_name(name, self._number), -1)


def _step(name: str, node: Node, flow: Flow, exits: tuple[int, ...]) -> Step:
    notice, at = NONE, Where()
    for where, prompt, skippable in node.notices():
        if prompt in flow.prompts and flow.prompts[prompt].notice:
            notice, at = max(notice, SKIPPABLE if skippable else HEARD), where
    return Step(name, exits, node.waits, node.converses, notice, node.recording(), node.calls(), node.returns, at)


def _broken_step(name: str, broken: Broken, flow: Flow, number: dict[str, int]) -> Step:
    """Taken to be well meant: it waits, and the notice it may speak is heard."""
    exits = tuple(sorted(number[word] for word in broken.words if word in number))
    heard = any(word in flow.prompts and flow.prompts[word].notice for word in broken.words)
    return Step(name, exits, notice=HEARD if heard else NONE)


def reached(outline: Outline) -> set[int]:
    """The nodes to which some path leads from the start, or from a failure."""
    seen: set[int] = set()
    todo = [outline.start, outline.on_error]
    while todo:
        number = todo.pop()
        if number >= 0 and number not in seen:
            seen.add(number)
            todo += outline.steps[number].exits
    return seen


def unreachable(outline: Outline) -> list[Found]:
    """Nothing is said while some node that is reached may lead anywhere."""
    seen = reached(outline)
    if outline.start < 0 or seen & outline.open:
        return []
    return [
        Found(
            ("nodes", step.name),
            "unreachable",
            f"no path leads to node '{step.name}'",
            "lead an exit here, or remove it",
            "warning",
        )
        for number, step in enumerate(outline.steps)
        if number not in seen
    ]
