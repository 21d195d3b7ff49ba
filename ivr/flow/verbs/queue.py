"""`queue`: wait for an operator with music and the queue's announcements; hear the operator's code; talk, recorded.

    payments:
      queue:
        {name: payments, skills: [language], priority: 0, max_wait: 10m, callback: {key: 1, after: 60s, go: call-me}}
      served: satisfaction     # the operator has left, the caller is still there
      timeout: sorry           # nobody within max_wait
      full: sorry              # too many wait already
      unstaffed: sorry         # nobody is signed in who could take it

`language` among the skills stands for the call's language; `tax>=4` asks for a level (1 to 9). `callback`: who has
waited `after` is told that the key leaves the queue for the node `go`; the offer is repeated with each announcement.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ivr.flow.builtin import builtin_say
from ivr.flow.durations import Duration
from ivr.flow.findings import Found, missing
from ivr.flow.model import Flow, Names, Node
from ivr.flow.run import Run
from ivr.flow.skills import Skill, spoken
from ivr.flow.verbs.menu import TelephoneKey
from ivr.flow.words import (
    Announce,
    Connect,
    Elapsed,
    Enqueue,
    Event,
    Key,
    LeaveQueue,
    Moved,
    Music,
    OperatorAnswered,
    OperatorChanged,
    OperatorLeft,
    OperatorLost,
    Played,
    PlayFailed,
    QueueExit,
    Say,
    Transferred,
)


class Offer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    key: TelephoneKey
    after: Duration = 60.0
    go: str


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    name: str
    skills: tuple[Skill, ...] = ()
    priority: Annotated[int, Field(ge=0, le=9)] = 0
    max_wait: Duration | None = None
    callback: Offer | None = None


class Model(Node):
    queue: Asked
    served: str
    timeout: str
    full: str
    unstaffed: str

    waits = True
    converses = True

    def targets(self) -> dict[str, str]:
        exits = {exit: getattr(self, exit) for exit in ("served", "timeout", "full", "unstaffed")}
        return exits | ({"queue.callback.go": self.queue.callback.go} if self.queue.callback else {})


def findings(node: Model, flow: Flow, names: Names) -> Iterable[Found]:
    return missing(("queue", "name"), "no-queue", "queue", node.queue.name, names.queues)


# Phases, in `wait["queue"]`: music → announcing → music …, then code → connected. `offered`: the caller knows of the
# callback. `timer` is when the callback is offered first, at `offer_at`; it is kept through the phases before the code.


def enter(run: Run, node: Model) -> None:
    asked, state = node.queue, run.state
    skills = tuple(spoken(skill, state.language) for skill in asked.skills)
    state.queue, state.operator, state.keys = asked.name, "", ""
    state.position, state.estimate = 0, 0.0
    run.note("queue", queue=asked.name)
    place = run.facts.place == asked.name and not state.place_taken
    if not place:
        run.actions.append(_music(run, node))
    run.actions.append(Enqueue(asked.name, skills, asked.priority, asked.max_wait, place))
    if asked.callback:
        at = run.now + timedelta(seconds=asked.callback.after)
        run.wait(queue="music", timer=run.timer(asked.callback.after), offered=False, offer_at=at.isoformat())
    else:
        run.wait(queue="music", timer=0, offered=False)
    if place:
        state.place_taken = True
        run.note("place-kept", queue=asked.name)
        id = run.play([builtin_say("place-kept", state.language)])
        state.wait = state.wait | {"queue": "announcing", "id": id}


def resume(run: Run, node: Model) -> None:
    """The place in the queue and the operator who answered are kept by whoever has the call; this is the rest."""
    wait = run.state.wait
    if wait["queue"] == "code":
        _speak_code(run, wait["operator"])
    elif wait["queue"] != "connected":
        timer = 0
        if "offer_at" in wait and not wait["offered"]:
            left = datetime.fromisoformat(wait["offer_at"]) - run.now
            timer = run.timer(max(0.0, left.total_seconds()))
        run.state.wait = {name: value for name, value in wait.items() if name != "id"} | {
            "queue": "music",
            "timer": timer,
        }
        run.actions.append(_music(run, node))


def on(run: Run, node: Model, event: Event) -> None:
    wait = run.state.wait
    phase = wait["queue"]
    match event:
        case Announce(position, estimate) if phase == "music":
            run.state.position, run.state.estimate = position, estimate or 0.0
            _speak(run, node, _announcement(run, node, known=estimate is not None))
        case Elapsed() if phase == "music":
            run.state.wait = wait | {"offered": True}
            _speak(run, node, [])
        case Elapsed() if phase == "announcing":
            run.state.wait = wait | {"offered": True}  # told with the next announcement; the key works from now on
        case Key(key) if node.queue.callback and wait.get("offered") and key == node.queue.callback.key:
            run.note("key", key=key)
            left(run, node)
            run.go("queue.callback.go", node.queue.callback.go)
        case Played() | PlayFailed() if phase == "announcing":
            run.state.wait = {name: value for name, value in wait.items() if name != "id"} | {"queue": "music"}
            run.actions.append(_music(run, node))
        case Moved(queue) if phase in ("music", "announcing"):
            run.state.queue = queue
            run.note("queue", queue=queue)
            if phase == "music":
                run.actions.append(_music(run, node))
        case OperatorAnswered(code) if phase in ("music", "announcing"):
            _fall_silent(run)
            _speak_code(run, code)
        case Played() | PlayFailed() if phase == "code":
            # A code that could not be spoken is in the journey; the caller still gets the operator.
            run.wait(queue="connected", operator=wait["operator"])
            run.note("operator", code=wait["operator"], recording=run.state.recording)
            run.state.operator = wait["operator"]
            run.actions.append(Connect(run.state.recording))
        case OperatorLost() if phase in ("code", "connected"):
            if phase == "code":
                run.stop_playing()
            run.state.operator = ""
            run.wait(queue="music", timer=0, offered=bool(node.queue.callback))
            run.note("operator-lost")
            run.actions.append(_music(run, node))
        case Transferred(queue) if phase == "connected":
            run.state.queue, run.state.keys = queue, ""
            run.wait(queue="music", timer=0, offered=bool(node.queue.callback))
            run.note("queue", queue=queue)
            run.actions.append(_music(run, node))
        case OperatorChanged(code) if phase == "connected":
            run.state.operator = code
            run.wait(queue="connected", operator=code)
            run.note("operator", code=code, recording=run.state.recording)
        case OperatorLeft(disposition) if phase == "connected":
            run.state.disposition = disposition
            run.go("served", node.served)
        case QueueExit(exit) if phase in ("music", "announcing"):
            _fall_silent(run)
            run.note("queue-exit", exit=exit)
            run.go(exit, str(getattr(node, exit)))


def left(run: Run, node: Model) -> None:
    """The caller leaves the queue by another way than an operator or the queue's own exits."""
    if run.state.wait["queue"] in ("music", "announcing"):
        _fall_silent(run)
    run.actions.append(LeaveQueue())


def _speak_code(run: Run, code: str) -> None:
    run.wait(queue="code", operator=code, id=run.play([builtin_say("operator-code", run.state.language, code=code)]))


def _fall_silent(run: Run) -> None:
    if run.state.wait["queue"] == "announcing":
        run.stop_playing()
    else:
        run.actions.append(Music(False))


def _speak(run: Run, node: Model, says: list[str | Say]) -> None:
    """Say this, and the offer of a callback where it is due, in place of the music."""
    offer = node.queue.callback
    if offer and run.state.wait["offered"]:
        says = [*says, builtin_say("queue-callback", run.state.language, key=offer.key)]
    if says:
        run.actions.append(Music(False))
        run.state.wait = run.state.wait | {"queue": "announcing", "id": run.play(says)}


def _music(run: Run, node: Model) -> Music:
    return Music(True, run.book.queues[run.state.queue].hold_music)


def _announcement(run: Run, node: Model, *, known: bool) -> list[str | Say]:
    """A wait that nobody can know yet is not told."""
    wanted, state = run.book.queues[run.state.queue].announce, run.state
    says: list[str | Say] = []
    if wanted is None or wanted.position:
        says.append(builtin_say("queue-position", state.language, position=state.position))
    if known and wanted is not None and wanted.wait:
        says.append(builtin_say("queue-wait", state.language, wait=state.estimate))
    return says
