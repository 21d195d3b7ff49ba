"""Variables across flows: what a subflow and its caller both declare, they share. So whether a variable is ever set,
and whether its value is a secret, is asked of all flows that share it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.flow.expressions import ExpressionError, compiled, values_in
from ivr.flow.findings import Found, Where, nearest_name
from ivr.flow.loader import Reading
from ivr.flow.model import TICKET_NUMBER, Flow


@dataclass(frozen=True, slots=True)
class Usage:
    """`shown`: variable → places where its value would reach a log, a ticket, the store or another house. `doubtful`:
    variables that a node which cannot be read may set."""

    declared: tuple[str, ...]
    assigned: frozenset[str]
    secrets: frozenset[str]
    doubtful: frozenset[str]
    shown: Mapping[str, list[Where]]
    calls: frozenset[str]
    tells_ticket: tuple[Where, ...]
    has_ticket: bool


def usage(reading: Reading) -> Usage:
    flow = reading.flow
    shown: dict[str, list[Where]] = {}
    for name, node in flow.nodes.items():
        for expression in node.expressions():
            if not expression.secret:
                for used in _names(expression.source):
                    shown.setdefault(used, []).append(("nodes", name, *expression.where))
        for where, text in node.texts():
            for used, _ in values_in(text):
                shown.setdefault(used, []).append(("nodes", name, *where))
    words = frozenset(word for broken in reading.broken.values() for word in broken.words)
    return Usage(
        tuple(flow.variables),
        frozenset(_meant(name, flow) for node in flow.nodes.values() for _, name, _ in node.assigns()),
        flow.secrets,
        words & flow.variables.keys() if "nodes" not in reading.doubtful else frozenset(flow.variables),
        {name: places for name, places in shown.items() if name in flow.variables},
        frozenset(called for node in flow.nodes.values() if (called := node.calls())) | words,
        tuple(flow.names(TICKET_NUMBER)),
        any(hasattr(node, "ticket") for node in flow.nodes.values()) or bool(reading.broken),
    )


def _meant(name: str, flow: Flow) -> str:
    """A misspelled variable is one mistake, and the one that was meant is not also never set."""
    return name if name in flow.variables else nearest_name(name, flow.variables)


def _names(source: str) -> frozenset[str]:
    try:
        return compiled(source).names
    except ExpressionError:
        return frozenset()


def misused(flows: Mapping[str, Usage], unreadable: frozenset[str]) -> Iterator[tuple[str, Found]]:
    """(flow, finding) for variables that are never set, and for secrets that would be shown."""
    for (_, variable), sharing in _shared(flows).items():
        used = [flows[name] for name in sharing]
        doubtful = any(variable in one.doubtful or one.calls & unreadable for one in used)
        if not doubtful and not any(variable in one.assigned for one in used):
            hint = "set it, or remove it"
            yield sharing[0], Found(("variables", variable), "never-set", f"variable '{variable}' is never set", hint)
        if any(variable in one.secrets for one in used):
            for name in sharing:
                for where in flows[name].shown.get(variable, ()):
                    message = f"variable '{variable}' was collected in secret and would be seen here"
                    yield name, Found(where, "secret-leak", message, "use it in a `when`, or in an http's `json`")


def without_ticket(flows: Mapping[str, Usage], unreadable: frozenset[str]) -> Iterator[tuple[str, Found]]:
    """(flow, finding) for places that tell the ticket's number where no flow says that there be a ticket."""
    if unreadable or any(one.has_ticket for one in flows.values()):
        return
    for name, one in flows.items():
        for where in one.tells_ticket:
            message = "'ticket.number' is never known: no node has a `ticket`"
            yield name, Found(where, "no-ticket", message, "add a `ticket` some sentences before", "warning")


def _shared(flows: Mapping[str, Usage]) -> dict[tuple[str, str], list[str]]:
    """(first flow, variable) → the flows that share it."""
    callers: dict[str, set[str]] = {}
    for name, flow in flows.items():
        for called in flow.calls:
            callers.setdefault(called, set()).add(name)
    done: set[tuple[str, str]] = set()
    shared: dict[tuple[str, str], list[str]] = {}
    for name, flow in flows.items():
        for variable in flow.declared:
            if (name, variable) in done:
                continue
            group, todo = [], [name]
            done.add((name, variable))
            for one in todo:
                group.append(one)
                for other in sorted((flows[one].calls | callers.get(one, set())) & flows.keys()):
                    if variable in flows[other].declared and (other, variable) not in done:
                        done.add((other, variable))
                        todo.append(other)
            shared[name, variable] = group
    return shared
