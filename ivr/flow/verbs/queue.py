"""`queue`: wait for an operator with music and the queue's announcements; hear the operator's code; talk, recorded.

    payments:
      queue: {name: payments, skills: [language], priority: 0, max_wait: 10m}
      served: satisfaction     # the operator has left, the caller is still there
      timeout: sorry           # nobody within max_wait
      full: sorry              # too many wait already
      unstaffed: sorry         # nobody is signed in who could take it

`language` among the skills stands for the call's language.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ivr.flow.builtin import builtin_say
from ivr.flow.durations import Duration
from ivr.flow.model import Node
from ivr.flow.run import Run
from ivr.flow.words import (
    Announce,
    Connect,
    Enqueue,
    Event,
    Music,
    OperatorAnswered,
    OperatorLeft,
    OperatorLost,
    Played,
    PlayFailed,
    QueueExit,
    Say,
)


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    skills: tuple[str, ...] = ()
    priority: Annotated[int, Field(ge=0, le=9)] = 0
    max_wait: Duration | None = None


class Model(Node):
    queue: Asked
    served: str
    timeout: str
    full: str
    unstaffed: str

    def targets(self) -> dict[str, str]:
        return {exit: getattr(self, exit) for exit in ("served", "timeout", "full", "unstaffed")}


# Phases, in `wait["queue"]`: music → announcing → music …, then code → connected.


def enter(run: Run, node: Model) -> None:
    asked, state = node.queue, run.state
    skills = tuple(state.language if skill == "language" else skill for skill in asked.skills)
    state.queue, state.operator, state.keys = asked.name, "", ""
    run.wait(queue="music")
    run.note("queue", queue=asked.name)
    run.actions += [_music(run, node), Enqueue(asked.name, skills, asked.priority, asked.max_wait)]


def on(run: Run, node: Model, event: Event) -> None:
    phase = run.state.wait["queue"]
    match event:
        case Announce() if phase == "music":
            run.actions.append(Music(False))
            run.wait(queue="announcing", id=run.play(_announcement(run, node, event)))
        case Played() | PlayFailed() if phase == "announcing":
            run.wait(queue="music")
            run.actions.append(_music(run, node))
        case OperatorAnswered(code) if phase in ("music", "announcing"):
            run.actions.append(Music(False))
            if phase == "announcing":
                run.stop_playing()
            run.wait(
                queue="code", operator=code, id=run.play([builtin_say("operator-code", run.state.language, code=code)])
            )
        case Played() | PlayFailed() if phase == "code":
            # A code that could not be spoken is in the journey; the caller still gets the operator.
            run.wait(queue="connected", operator=run.state.wait["operator"])
            run.note("operator", code=run.state.wait["operator"])
            run.state.operator = run.state.wait["operator"]
            run.actions.append(Connect())
        case OperatorLost() if phase in ("code", "connected"):
            if phase == "code":
                run.stop_playing()
            run.state.operator = ""
            run.wait(queue="music")
            run.note("operator-lost")
            run.actions.append(_music(run, node))
        case OperatorLeft(disposition) if phase == "connected":
            run.state.disposition = disposition
            run.go(node.served)
        case QueueExit(exit) if phase in ("music", "announcing"):
            if phase == "announcing":
                run.stop_playing()
            else:
                run.actions.append(Music(False))
            run.note("queue-exit", exit=exit)
            run.go(str(getattr(node, exit)))


def _music(run: Run, node: Model) -> Music:
    return Music(True, run.book.queues[node.queue.name].hold_music)


def _announcement(run: Run, node: Model, announce: Announce) -> list[str | Say]:
    wanted, language = run.book.queues[node.queue.name].announce, run.state.language
    says: list[str | Say] = []
    if wanted is None or wanted.position:
        says.append(builtin_say("queue-position", language, position=announce.position))
    if wanted is not None and wanted.wait:
        says.append(builtin_say("queue-wait", language, wait=announce.wait))
    return says
