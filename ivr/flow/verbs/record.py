"""`record`: whether the conversation with an operator is recorded.

    objects: {record: stop, next: payments}

`stop` when the caller objects, and `start` takes it back; `pause` while card data are spoken, and `resume` ends it. It
holds for the conversations that follow; a recording that is paused keeps its time as silence.
"""

from typing import Literal

from ivr.flow.model import Node
from ivr.flow.run import Run
from ivr.flow.words import Event


class Model(Node):
    record: Literal["stop", "start", "pause", "resume"]
    next: str

    def targets(self) -> dict[str, str]:
        return {"next": self.next}

    def recording(self) -> str:
        return self.record if self.record in ("stop", "start") else ""


# Who has objected stays unrecorded, whatever is paused or resumed.
THEN = {
    "stop": {"on": "off", "paused": "off"},
    "start": {"off": "on"},
    "pause": {"on": "paused"},
    "resume": {"paused": "on"},
}


def enter(run: Run, node: Model) -> None:
    run.state.recording = THEN[node.record].get(run.state.recording, run.state.recording)
    run.note("record", recording=run.state.recording)
    run.go("next", node.next)


def on(run: Run, node: Model, event: Event) -> None:
    """Never waits."""
