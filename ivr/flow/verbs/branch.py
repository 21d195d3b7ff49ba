"""`branch`: the first condition that is true decides, else `otherwise`.

where-from:
  branch:
    - {when: 'caller.district == "0471"', go: german-first}
  otherwise: italian
"""

from pydantic import BaseModel, ConfigDict, Field

from ivr.flow.model import Expression, Node
from ivr.flow.run import Run
from ivr.flow.words import Event


class Case(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    when: str
    go: str


class Model(Node):
    branch: tuple[Case, ...] = Field(min_length=1)
    otherwise: str

    def targets(self) -> dict[str, str]:
        return {f"branch.{number}.go": case.go for number, case in enumerate(self.branch)} | {
            "otherwise": self.otherwise
        }

    def expressions(self) -> list[Expression]:
        cases = enumerate(self.branch)
        return [Expression(("branch", number, "when"), case.when, "bool", secret=True) for number, case in cases]


def enter(run: Run, node: Model) -> None:
    for number, case in enumerate(node.branch):
        if run.value(f"={case.when}") is True:
            run.go(f"branch.{number}.go", case.go)
            return
    run.go("otherwise", node.otherwise)


def on(run: Run, node: Model, event: Event) -> None:
    """Never waits."""
