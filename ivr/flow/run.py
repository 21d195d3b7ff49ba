"""One step of the machine while it is being taken: the verbs' view of a call. Nothing here outlives the step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ivr.flow import builtin, expressions
from ivr.flow.model import Book, Flow
from ivr.flow.words import Action, Facts, Hangup, Note, Play, Say, State, StopPlay, Timer


class Run:
    def __init__(self, book: Book, state: State, facts: Facts, now: datetime) -> None:
        self.book, self.state, self.facts, self.now = book, state, facts, now
        self.actions: list[Action] = []
        self.pending: str | None = None  # the node to enter next

    @property
    def flow(self) -> Flow:
        return self.book.flows[self.state.flow]

    def go(self, node: str) -> None:
        self.pending = node

    def wait(self, **what: Any) -> None:
        self.state.wait = what

    def note(self, kind: str, **detail: Any) -> None:
        self.actions.append(Note(kind, self.state.node, detail))

    def play(self, prompts: Sequence[str | Say]) -> int:
        """Speak prompts by name, or as they are; returns the id that `Played` will bear."""
        says = tuple(self.say(one) if isinstance(one, str) else one for one in prompts)
        self.state.step += 1
        self.actions.append(Play(says, self.state.step))
        for say in says:
            self.note("prompt", prompt=say.prompt, language=say.language)
        return self.state.step

    def say(self, name: str) -> Say:
        language, prompt = self.state.language, self.flow.prompts.get(name)
        if prompt is None:
            return builtin.builtin_say(name, language)
        return prompt.say(language, expressions.fill(prompt.texts.get(language, ""), self.names(), language))

    def stop_playing(self) -> None:
        self.actions.append(StopPlay())

    def timer(self, seconds: float) -> int:
        self.state.step += 1
        self.actions.append(Timer(seconds, self.state.step))
        return self.state.step

    def names(self) -> dict[str, Any]:
        return expressions.scope(self.state, self.facts, self.now)

    def value(self, given: Any) -> Any:
        """A literal as it is; text that begins with `=` is an expression."""
        if isinstance(given, str) and given.startswith("="):
            return expressions.evaluate(given[1:].strip(), self.names())
        return given

    def hang_up(self, cause: str = "normal") -> None:
        self.state.done = True
        self.state.wait = {}
        self.actions.append(Hangup(cause))
