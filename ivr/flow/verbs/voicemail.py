"""`voicemail`: record a message after the prompt and a beep; it is kept as a recording, with a ticket.

    leave-word: {voicemail: {prompt: speak-now, max: 2m, queue: payments}, next: bye}

The caller ends the message with `#` or by hanging up; `max` ends it too. A message under a second is none.
"""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from ivr.flow.durations import Duration
from ivr.flow.findings import Found, Where, missing
from ivr.flow.model import Flow, Names, Node
from ivr.flow.run import Run
from ivr.flow.words import Event, Key, Played, PlayFailed, Record, Recorded, StopRecording

END = "#"
SHORTEST = 1.0  # seconds
BEGUN = 3.0  # seconds within which the beep is over and the recording runs


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    prompt: str
    max: Duration = 120.0
    queue: str


class Model(Node):
    voicemail: Message
    next: str

    waits = True

    def targets(self) -> dict[str, str]:
        return {"next": self.next}

    def prompts(self) -> list[tuple[Where, str]]:
        return [(("voicemail", "prompt"), self.voicemail.prompt)]

    def notices(self) -> list[tuple[Where, str, bool]]:
        return [(("voicemail", "prompt"), self.voicemail.prompt, False)]


def findings(node: Model, flow: Flow, names: Names) -> Iterable[Found]:
    return missing(("voicemail", "queue"), "no-queue", "queue", node.voicemail.queue, names.queues)


def enter(run: Run, node: Model) -> None:
    run.state.keys = ""
    run.wait(id=run.play([node.voicemail.prompt]), speaking=False)


def resume(run: Run, node: Model) -> None:
    """A recording goes on by itself; whether one had begun that was just about to, nobody knows."""
    wait = run.state.wait
    already = (run.now - datetime.fromisoformat(wait["since"])).total_seconds() if wait["speaking"] else 0.0
    if already < BEGUN:
        enter(run, node)
    else:
        run.actions.append(Record(wait["id"], node.voicemail.max, node.voicemail.queue, already))


def on(run: Run, node: Model, event: Event) -> None:
    match event:
        case Played() if not run.state.wait["speaking"]:
            run.actions.append(Record(run.number(), node.voicemail.max, node.voicemail.queue))
            run.note("voicemail", queue=node.voicemail.queue)
            run.wait(id=run.state.step, speaking=True, since=run.now.isoformat())
        case PlayFailed(_, reason):
            raise RuntimeError(reason)
        case Key(key) if key == END and run.state.wait["speaking"]:
            run.actions.append(StopRecording())  # `Recorded` follows
        case Recorded(_, seconds):
            run.note("message", seconds=round(seconds))
            if seconds >= SHORTEST:
                _kept(run, node)
            run.go("next", node.next)


def left(run: Run, node: Model) -> None:
    """Who hangs up has said what there was to say."""
    if run.state.wait["speaking"]:
        run.actions.append(StopRecording())
        _kept(run, node)


def _kept(run: Run, node: Model) -> None:
    run.state.outcome, run.state.queue = "voicemail", node.voicemail.queue
