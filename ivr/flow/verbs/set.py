"""`set`: give variables a value: a literal, or `= EXPRESSION`. All are computed from the values before.

about-payments: {set: {reason: payments, tries: "= tries + 1"}, next: queue}
"""

from typing import Any

from ivr.flow.expressions import type_of
from ivr.flow.findings import Where
from ivr.flow.model import Expression, Node
from ivr.flow.run import Run
from ivr.flow.words import Event


class Model(Node):
    set: dict[str, bool | int | float | str]
    next: str

    def targets(self) -> dict[str, str]:
        return {"next": self.next}

    def expressions(self) -> list[Expression]:
        return [
            Expression(("set", name), value[1:].strip())
            for name, value in self.set.items()
            if isinstance(value, str) and value.startswith("=")
        ]

    def assigns(self) -> list[tuple[Where, str, str]]:
        return [(("set", name), name, type_of(value)) for name, value in self.set.items()]


def enter(run: Run, node: Model) -> None:
    values: dict[str, Any] = {name: run.value(value) for name, value in node.set.items()}
    run.state.variables |= values
    run.note("set", names=", ".join(values))
    run.go("next", node.next)


def on(run: Run, node: Model, event: Event) -> None:
    """Never waits."""
