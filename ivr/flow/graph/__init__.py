"""A flow as a graph: what a person needs to see of it. Pure; `dot` lays it out with Graphviz, `svg` draws it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ivr.flow import verbs
from ivr.flow.model import Book, Flow
from ivr.flow.model import Node as FlowNode

# (from, exit, to, calls), as the store counts them: from is "" for an entry, the exit "" where a journey does not tell.
Passage = tuple[str, str, str, int]
ON_ERROR = "on_error"  # the exit that the machine takes when a node fails
HUNG_UP, HUNG_UP_TALKING = "(hung up)", "(hung up talking)"  # where the caller went who hung up


@dataclass(frozen=True)
class Exit:
    """`name` as the machine notes it (`menu.choices.1`), `label` as people read it. `calls`: None where unknown."""

    name: str
    label: str
    target: str
    calls: int | None = None


@dataclass(frozen=True)
class Node:
    """`says`: what is spoken, in the graph's language. A node without a verb is one that an exit names in vain."""

    name: str
    verb: str = ""
    detail: str = ""
    says: tuple[str, ...] = ()
    exits: tuple[Exit, ...] = ()
    reachable: bool = True
    hung_up: int = 0
    hung_up_talking: int = 0

    @property
    def missing(self) -> bool:
        return not self.verb


@dataclass(frozen=True)
class Graph:
    """`entered`, `failed`: calls that came in, and that went to `on_error`; None when no calls were counted.

    `together` counts the calls between two nodes, by whatever exit: journeys of before exits were noted know no more.
    """

    flow: str
    description: str
    language: str
    numbers: tuple[str, ...]
    start: str
    on_error: str
    nodes: tuple[Node, ...]
    entered: int | None = None
    failed: int | None = None
    together: Mapping[tuple[str, str], int] = field(default_factory=dict)


def graph(book: Book, flow_name: str, language: str = "") -> Graph:
    """The graph of a flow that can be read; it may have other findings. Raises ValueError for an unknown language."""
    flow = book.flows[flow_name]
    language = language or flow.languages[0]
    if language not in flow.languages:
        raise ValueError(f"flow '{flow.name}' does not speak '{language}'; it speaks {', '.join(flow.languages)}")
    reached = _reached(flow)
    nodes = [_node(flow, name, language, name in reached) for name in flow.nodes]
    named = {flow.start, flow.on_error or flow.start, *(exit.target for node in nodes for exit in node.exits)}
    nodes += [Node(name) for name in sorted(named - flow.nodes.keys())]
    return Graph(flow.name, flow.description, language, flow.numbers, flow.start, flow.on_error, tuple(nodes))


def with_calls(graph: Graph, passages: Iterable[Passage]) -> tuple[Graph, dict[str, int]]:
    """The graph with its calls, and the passages that have no place in it: the flow was another when they happened."""
    exits = {(node.name, exit.name): exit.target for node in graph.nodes for exit in node.exits}
    pairs = {(node.name, exit.target) for node in graph.nodes for exit in node.exits}
    names = {node.name for node in graph.nodes}
    apart: Counter[tuple[str, str]] = Counter()
    together: Counter[tuple[str, str]] = Counter()
    left_out: Counter[str] = Counter()
    entered = failed = 0
    for source, exit, target, calls in passages:
        if target == graph.start and not source:
            entered += calls
        elif target == graph.on_error and exit == ON_ERROR:
            failed += calls
        elif source in names and target in (HUNG_UP, HUNG_UP_TALKING):
            apart[source, target] += calls
        elif exits.get((source, exit)) == target or (not exit and (source, target) in pairs):
            together[source, target] += calls
            apart[source, exit] += calls
        elif not source.startswith("("):  # a node of the machine's own
            left_out[f"{source or 'a call'} → {target}"] += calls
    nodes = tuple(
        replace(
            node,
            exits=tuple(replace(exit, calls=_of_exit(node, exit, apart, together)) for exit in node.exits),
            hung_up=apart[node.name, HUNG_UP],
            hung_up_talking=apart[node.name, HUNG_UP_TALKING],
        )
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes, entered=entered, failed=failed, together=dict(together)), dict(left_out)


def _of_exit(node: Node, exit: Exit, apart: Counter[tuple[str, str]], together: Counter[tuple[str, str]]) -> int | None:
    same = [one for one in node.exits if one.target == exit.target]
    total = together[node.name, exit.target]
    if len(same) == 1:
        return total
    return apart[node.name, exit.name] if sum(apart[node.name, one.name] for one in same) == total else None


def _reached(flow: Flow) -> set[str]:
    reached: set[str] = set()
    todo = [flow.start, flow.on_error]
    while todo:
        name = todo.pop()
        if name in flow.nodes and name not in reached:
            reached.add(name)
            todo += flow.nodes[name].targets().values()
    return reached


def _node(flow: Flow, name: str, language: str, reachable: bool) -> Node:
    node = flow.nodes[name]
    verb = verbs.name_of(node)
    value = node.model_dump(by_alias=True, exclude_defaults=True)[verb]
    says = [flow.prompts[prompt].texts.get(language, "") for _, prompt in node.prompts() if prompt in flow.prompts]
    exits = tuple(Exit(exit, _label(node, value, exit), target) for exit, target in node.targets().items())
    return Node(name, verb, _detail(verb, value), tuple(filter(None, says)), exits, reachable)


def _label(node: FlowNode, value: Any, exit: str) -> str:
    """`menu.choices.1` as 1, `branch.0.go` as its condition, `queue.callback.go` with its key, `next` as nothing."""
    match exit.split("."):
        case ["next"]:
            return ""
        case ["branch", number, "go"]:
            return next(one.source for one in node.expressions() if one.where == ("branch", int(number), "when"))
        case [_, name, "go"]:
            return f"{name} ({value[name]['key']})"
        case [*_, last]:
            return last
    return exit


def _detail(verb: str, value: Any) -> str:
    """What a node is about besides what it says, in a few words."""
    match verb, value:
        case "set", dict():
            return ", ".join(f"{name} = {_literal(given)}" for name, given in value.items())
        case "ticket", dict():
            return " · ".join(filter(None, (value.get("type"), value.get("subject"))))
        case "http", dict():
            return f"{value.get('method', 'GET')} {value['url']}"
        case "play" | "return" | "branch", _:
            return ""
        case _, str():
            return value
        case _, dict():
            named = next((str(value[key]) for key in ("name", "queue", "into", "to") if value.get(key)), "")
            skills = " + ".join(value.get("skills", ()))
            return " · ".join(filter(None, (named, skills)))
    return ""


def _literal(given: Any) -> str:
    """As in YAML; an expression without its sign."""
    return str(given).lower() if isinstance(given, bool) else str(given).removeprefix("=").strip()
