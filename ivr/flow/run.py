"""One step of the machine while it is being taken: the verbs' view of a call. Nothing here outlives the step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ivr.flow import builtin, expressions
from ivr.flow.model import Book, Flow
from ivr.flow.words import Action, Facts, Frame, Hangup, Note, Play, Say, State, StopPlay, Timer


class Run:
    def __init__(self, book: Book, state: State, facts: Facts, now: datetime) -> None:
        self.book, self.state, self.facts, self.now = book, state, facts, now
        self.actions: list[Action] = []
        self.pending: tuple[str, str] | None = None  # the exit taken, and the node to enter next

    @property
    def flow(self) -> Flow:
        return self.book.flows[self.state.flow]

    def go(self, exit: str, node: str) -> None:
        """Leave by an exit, named as in `Node.targets`, for a node."""
        self.pending = (exit, node)

    def call(self, flow: Flow) -> None:
        """Run a subflow. Variables that both flows declare are shared: they go in here and come back by `give_back`."""
        state = self.state
        state.stack = [*state.stack, Frame(state.flow, state.node, state.variables)]
        state.flow = flow.name
        state.variables = flow.variables | {
            name: value for name, value in state.variables.items() if name in flow.variables
        }
        self.go("subflow", flow.start)

    def give_back(self) -> str:
        """End a subflow; returns the name of the node that called it."""
        if not self.state.stack:
            raise RuntimeError("`return` is for subflows, and nothing called this one")
        *self.state.stack, frame = self.state.stack
        shared = {name: value for name, value in self.state.variables.items() if name in frame.variables}
        self.state.flow, self.state.variables = frame.flow, frame.variables | shared
        self.state.node = frame.node
        return frame.node

    def wait(self, **what: Any) -> None:
        self.state.wait = what

    def note(self, kind: str, **detail: Any) -> None:
        self.actions.append(Note(kind, self.state.node, detail))

    def number(self) -> int:
        """An id for what is asked of the world now; the answer will bear it."""
        self.state.step += 1
        return self.state.step

    def play(self, prompts: Sequence[str | Say]) -> int:
        """Speak prompts by name, or as they are; returns the id that `Played` will bear."""
        says = tuple(self.say(one) if isinstance(one, str) else one for one in prompts)
        self.actions.append(Play(says, self.number()))
        for say in says:
            self.note("prompt", prompt=say.prompt, language=say.language)
        return self.state.step

    def say(self, name: str) -> Say:
        language, prompt = self.state.language, self.flow.prompts.get(name)
        if prompt is None:
            return builtin.builtin_say(name, language)
        text = prompt.texts.get(language, "")
        if "{" not in text:
            return prompt.say(language)
        secret = any(name in self.flow.secrets for name, _ in expressions.values_in(text))
        return prompt.say(language, expressions.fill(text, self.names(), language), secret=secret)

    def stop_playing(self) -> None:
        self.actions.append(StopPlay())

    def timer(self, seconds: float) -> int:
        self.actions.append(Timer(seconds, self.number()))
        return self.state.step

    def names(self) -> dict[str, Any]:
        return expressions.scope(self.state, self.facts, self.now.astimezone(self.book.zone(self.flow)))

    def value(self, given: Any) -> Any:
        """A literal as it is; text that begins with `=` is an expression."""
        if isinstance(given, str) and given.startswith("="):
            return expressions.evaluate(given[1:].strip(), self.names())
        return given

    def hang_up(self, cause: str = "normal") -> None:
        self.state.done = True
        self.state.wait = {}
        # The end of the call ends what it plays: one command less.
        self.actions = [action for action in self.actions if not isinstance(action, StopPlay)]
        self.actions.append(Hangup(cause))
