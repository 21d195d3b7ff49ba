"""`return`: the end of a subflow; the call goes on after the node that called it.

done: {return: true}
"""

from typing import Literal

from pydantic import Field

from ivr.flow.model import Node
from ivr.flow.run import Run
from ivr.flow.words import Event


class Model(Node):
    return_: Literal[True] = Field(alias="return")

    returns = True


def enter(run: Run, node: Model) -> None:
    caller = run.give_back()
    run.go("next", run.flow.nodes[caller].targets()["next"])


def on(run: Run, node: Model, event: Event) -> None:
    """Never waits."""
