"""`language`: the call's language from here on; a code, or `= EXPRESSION` that gives one.

german: {language: de, next: opening}
"""

from ivr.flow.model import Node
from ivr.flow.run import Run
from ivr.flow.words import Event


class Model(Node):
    language: str
    next: str

    def targets(self) -> dict[str, str]:
        return {"next": self.next}

    def expressions(self) -> list[tuple[tuple[str | int, ...], str]]:
        return [(("language",), self.language[1:].strip())] if self.language.startswith("=") else []


def enter(run: Run, node: Model) -> None:
    language = str(run.value(node.language))
    if language not in run.flow.languages:
        raise ValueError(f"'{language}' is none of the flow's languages ({', '.join(run.flow.languages)})")
    run.state.language = language
    run.note("language", language=language)
    run.go("next", node.next)


def on(run: Run, node: Model, event: Event) -> None:
    """Never waits."""
