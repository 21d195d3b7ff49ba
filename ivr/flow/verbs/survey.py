"""`survey`: one key for each question, from 1 to `scale`. A question left unanswered is stored as such.

satisfaction:
  survey: {name: after-call, questions: {clear: clear, kind: kind}, scale: 5}
  next: bye
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ivr.flow.durations import Duration
from ivr.flow.findings import Where
from ivr.flow.model import Node
from ivr.flow.run import Run
from ivr.flow.words import Elapsed, Event, Key, Played, PlayFailed


class Survey(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    name: str
    questions: Annotated[dict[str, str], Field(min_length=1)]
    scale: Annotated[int, Field(ge=1, le=9)] = 5
    timeout: Duration = 5.0


class Model(Node):
    survey: Survey
    next: str

    waits = True

    def targets(self) -> dict[str, str]:
        return {"next": self.next}

    def prompts(self) -> list[tuple[Where, str]]:
        return [(("survey", "questions", question), prompt) for question, prompt in self.survey.questions.items()]


def enter(run: Run, node: Model) -> None:
    run.state.keys = ""
    # All are unanswered until they are answered: a caller may hang up in between.
    run.state.survey[node.survey.name] = dict.fromkeys(node.survey.questions)
    _ask(run, node, 0)


def resume(run: Run, node: Model) -> None:
    number = run.state.wait["question"]
    if run.state.wait["playing"]:
        _ask(run, node, number)
    else:
        run.wait(id=run.timer(node.survey.timeout), question=number, playing=False)


def on(run: Run, node: Model, event: Event) -> None:
    number, playing = run.state.wait["question"], run.state.wait["playing"]
    match event:
        case Key(key) if key in "123456789"[: node.survey.scale]:
            if playing:
                run.stop_playing()
            question = list(node.survey.questions)[number]
            run.state.survey[node.survey.name][question] = int(key)
            run.note("survey", question=question, answer=int(key))
            _ask(run, node, number + 1)
        case Played():
            run.wait(id=run.timer(node.survey.timeout), question=number, playing=False)
        case Elapsed():
            run.note("timeout")
            _ask(run, node, number + 1)
        case PlayFailed(_, reason):
            raise RuntimeError(reason)


def _ask(run: Run, node: Model, number: int) -> None:
    prompts = list(node.survey.questions.values())
    if number == len(prompts):
        run.go("next", node.next)
    else:
        run.wait(id=run.play([prompts[number]]), question=number, playing=True)
