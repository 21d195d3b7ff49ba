"""`language`: the call's language from here on; a code, or `= EXPRESSION` that gives one.

german: {language: de, next: opening}
"""

from collections.abc import Iterable

from ivr.flow.findings import Found, missing
from ivr.flow.model import Expression, Flow, Names, Node
from ivr.flow.run import Run
from ivr.flow.words import Event


class Model(Node):
    language: str
    next: str

    def targets(self) -> dict[str, str]:
        return {"next": self.next}

    def expressions(self) -> list[Expression]:
        given = self.language
        return [Expression(("language",), given[1:].strip(), "string")] if given.startswith("=") else []


def findings(node: Model, flow: Flow, names: Names) -> Iterable[Found]:
    if flow.languages and not node.language.startswith("="):
        for found in missing(("language",), "no-such-language", "language", node.language, flow.languages):
            message = f"'{node.language}' is none of the flow's languages ({', '.join(flow.languages)})"
            yield found._replace(message=message)


def enter(run: Run, node: Model) -> None:
    language = str(run.value(node.language))
    if language not in run.flow.languages:
        raise ValueError(f"'{language}' is none of the flow's languages ({', '.join(run.flow.languages)})")
    run.state.language = language
    run.note("language", language=language)
    run.go("next", node.next)


def on(run: Run, node: Model, event: Event) -> None:
    """Never waits."""
