"""`subflow`: run another flow, and go on when it reaches `return`. Variables that both flows declare are shared.

identify: {subflow: identify, next: reasons}
"""

from ivr.flow.model import Node
from ivr.flow.run import Run
from ivr.flow.words import Event


class Model(Node):
    subflow: str
    next: str

    def targets(self) -> dict[str, str]:
        return {"next": self.next}


def enter(run: Run, node: Model) -> None:
    run.note("subflow", flow=node.subflow)
    run.call(run.book.flows[node.subflow])


def on(run: Run, node: Model, event: Event) -> None:
    """Never waits: the subflow's own nodes do."""
