"""`hangup`: the end of the call, `normal`, `busy` or `congestion`.

end: {hangup: normal}
"""

from typing import Literal

from ivr.flow.model import Node
from ivr.flow.run import Run
from ivr.flow.words import Event


class Model(Node):
    hangup: Literal["normal", "busy", "congestion"]


def enter(run: Run, node: Model) -> None:
    run.hang_up(node.hangup)


def on(run: Run, node: Model, event: Event) -> None:
    """Never waits."""
