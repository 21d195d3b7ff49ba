"""`transfer`: ring a number outside and join it with the caller, until one of the two hangs up.

    to-the-bank:
      transfer: {to: "+390612345678", timeout: 30s}
      next: bye                # they spoke, and the other side hung up
      otherwise: nobody-there  # nobody answered

`to` is a number, or `= EXPRESSION`. The conversation is not recorded: it is another house's.
"""

from pydantic import BaseModel, ConfigDict

from ivr.flow.durations import Duration
from ivr.flow.model import Expression, Node
from ivr.flow.run import Run
from ivr.flow.verbs.callback import dialable
from ivr.flow.words import Event, StopTransfer, Transfer, TransferAnswered, TransferEnded


class Aim(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    to: str
    timeout: Duration = 30.0


class Model(Node):
    transfer: Aim
    next: str
    otherwise: str

    waits = True

    def targets(self) -> dict[str, str]:
        return {"next": self.next, "otherwise": self.otherwise}

    def expressions(self) -> list[Expression]:
        to = self.transfer.to
        return [Expression(("transfer", "to"), to[1:].strip(), "string")] if to.startswith("=") else []


def enter(run: Run, node: Model) -> None:
    to = dialable(run.value(node.transfer.to))
    run.actions.append(Transfer(run.number(), to, node.transfer.timeout))
    run.note("transfer")
    run.wait(id=run.state.step, transfer=True)


def resume(run: Run, node: Model) -> None:
    """Whoever speaks goes on; a phone that only rang is rung anew."""
    wait = run.state.wait
    if wait.get("answered"):
        run.actions.append(Transfer(wait["id"], dialable(run.value(node.transfer.to)), node.transfer.timeout, True))
    else:
        enter(run, node)


def on(run: Run, node: Model, event: Event) -> None:
    match event:
        case TransferAnswered():
            run.note("transfer-answered")
            run.state.outcome = "served"
            run.state.wait = run.state.wait | {"answered": True}
        case TransferEnded(_, answered):
            run.note("transfer-ended", answered=answered)
            if answered:
                run.go("next", node.next)
            else:
                run.go("otherwise", node.otherwise)


def left(run: Run, node: Model) -> None:
    run.actions.append(StopTransfer())
