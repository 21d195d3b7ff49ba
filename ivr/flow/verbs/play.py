"""`play`: speak one prompt or several, to the end. With `barge_in: true` a key stops it and is kept for the next menu.

welcome: {play: welcome, next: choose}
hints:   {play: [hours, address], barge_in: true, next: choose}
"""

from ivr.flow.findings import Where
from ivr.flow.model import Node
from ivr.flow.run import Run
from ivr.flow.words import Event, Key, Played, PlayFailed


class Model(Node):
    play: str | tuple[str, ...]
    next: str
    barge_in: bool = False

    waits = True

    def names(self) -> tuple[str, ...]:
        return (self.play,) if isinstance(self.play, str) else self.play

    def targets(self) -> dict[str, str]:
        return {"next": self.next}

    def prompts(self) -> list[tuple[Where, str]]:
        if isinstance(self.play, str):
            return [(("play",), self.play)]
        return [(("play", number), name) for number, name in enumerate(self.play)]

    def notices(self) -> list[tuple[Where, str, bool]]:
        return [(("barge_in",) if self.barge_in else where, prompt, self.barge_in) for where, prompt in self.prompts()]


def enter(run: Run, node: Model) -> None:
    run.wait(id=run.play(node.names()))


def on(run: Run, node: Model, event: Event) -> None:
    if isinstance(event, Key) and node.barge_in:
        run.stop_playing()
        run.state.keys += event.key
        run.note("key", key=event.key)
        run.go("next", node.next)
    elif isinstance(event, Played):
        run.go("next", node.next)
    elif isinstance(event, PlayFailed):
        raise RuntimeError(event.reason)
