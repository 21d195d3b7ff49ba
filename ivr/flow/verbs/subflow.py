"""`subflow`: run another flow, and go on when it reaches `return`. Variables that both flows declare are shared.

identify: {subflow: identify, next: reasons}
"""

from collections.abc import Iterable

from ivr.flow.findings import Found, missing
from ivr.flow.model import Flow, Names, Node
from ivr.flow.run import Run
from ivr.flow.words import Event


class Model(Node):
    subflow: str
    next: str

    def targets(self) -> dict[str, str]:
        return {"next": self.next}

    def calls(self) -> str:
        return self.subflow


def findings(node: Model, flow: Flow, names: Names) -> Iterable[Found]:
    return missing(("subflow",), "no-flow", "flow", node.subflow, names.flows)


def enter(run: Run, node: Model) -> None:
    run.note("subflow", flow=node.subflow)
    run.call(run.book.flows[node.subflow])


def on(run: Run, node: Model, event: Event) -> None:
    """Never waits: the subflow's own nodes do."""
