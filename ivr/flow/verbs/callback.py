"""`callback`: store the wish to be called back; the queue does it in its turn, in opening hours.

    call-me: {callback: {queue: payments, number: caller.number}, next: we-will-call}

`number` is an expression; whatever a citizen would dial in Italy is understood. A number that cannot be called fails
the node, so ask a caller who withholds the number for one first (`collect` with `check: phone`).
"""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from ivr.flow import expressions
from ivr.flow.findings import Found, missing
from ivr.flow.model import Expression, Flow, Names, Node
from ivr.flow.run import Run
from ivr.flow.words import Callback, Event

HOME = "IT"


class Wish(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    queue: str
    number: str = "caller.number"


class Model(Node):
    callback: Wish
    next: str

    def targets(self) -> dict[str, str]:
        return {"next": self.next}

    def expressions(self) -> list[Expression]:
        return [Expression(("callback", "number"), self.callback.number.removeprefix("=").strip(), "string")]


def findings(node: Model, flow: Flow, names: Names) -> Iterable[Found]:
    return missing(("callback", "queue"), "no-queue", "queue", node.callback.queue, names.queues)


def dialable(given: object) -> str:
    """The number as E.164. Raises ValueError; the message does not hold the number."""
    import phonenumbers  # takes a while, and few flows need it

    try:
        number = phonenumbers.parse(str(given), HOME)
    except phonenumbers.NumberParseException:
        raise ValueError("this is no telephone number") from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError("this is no telephone number that can be called")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def enter(run: Run, node: Model) -> None:
    number = dialable(expressions.evaluate(node.callback.number.removeprefix("=").strip(), run.names()))
    run.actions.append(Callback(node.callback.queue, number, run.state.language))
    run.state.outcome, run.state.queue = "callback", node.callback.queue
    run.note("callback", queue=node.callback.queue)
    run.go("next", node.next)


def on(run: Run, node: Model, event: Event) -> None:
    """Never waits."""
