"""A call without a telephone: the machine, and a world in virtual time that does what the machine asks.

Rules of this file
- It sleeps for nothing and touches nothing outside; `at` is the call's own time in seconds.
- The world does by itself only what no person decides: prompts end, timers run out, a queue's `max_wait` passes. What
  a caller, an operator or a web service does is told by whoever holds the simulation.
- `settle` lets time pass until the flow waits for such a person, and no further.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from msgspec import Struct, field

from ivr.flow import machine, verbs
from ivr.flow import words as w
from ivr.flow.model import Book

# How fast the voices speak, for those who have no sound at hand: characters a second, and the pause after a sentence.
SPEED, PAUSE = 15.0, 0.4
KEY = 0.3  # seconds from one key to the next
PATIENCE = 10_000  # events between two decisions of a person; more is a flow that goes round by itself
ESTIMATE = 120.0  # seconds, the wait a simulated queue announces
TALK = 30.0
TICKET = "1001"

Awaited = Literal["keys", "operator", "conversation", "web service", "message", "outside", ""]


class Entry(Struct):
    """One thing that happened: a note of the machine (`words.Note`), or `pressed`, `waited`, `hung-up` of the world.

    `at` in seconds from the answer; `text` is what a prompt says.
    """

    at: float
    kind: str
    node: str
    verb: str
    detail: dict[str, Any] = field(default_factory=dict)
    text: str = ""


class Stuck(Exception):
    """The flow waits for nobody and goes on for ever, or somebody did what the call does not wait for."""


def reading_time(say: w.Say) -> float:
    return len(say.text) / SPEED + PAUSE


class Simulation:
    """One call. `begin` first; then `settle`, and whatever people do."""

    def __init__(
        self,
        book: Book,
        flow: str,
        facts: w.Facts,
        now: datetime,
        seconds: Callable[[w.Say], float] = reading_time,
        language: str = "",
    ) -> None:
        self.book, self.facts, self.at = book, facts, 0.0
        self.journey: list[Entry] = []
        self.says: list[w.Say] = []  # everything spoken, in order
        self.asked: w.Http | None = None  # the web service's question that has no answer yet
        self.unstaffed = False  # nobody is signed in at the next queue
        self.ticket = TICKET  # the number the call's ticket will have; "": the backend does not answer in time
        self.talk, self.disposition = TALK, ""
        self._flow, self._begun, self._seconds = flow, now.astimezone(UTC), seconds
        self._language = language
        # What comes by itself, and when: the world's clock.
        self._pending: dict[str, tuple[float, w.Event]] = {}
        self._message_since = 0.0
        self._noted, self._in_flow = 0, flow
        self.state: w.State

    @property
    def now(self) -> datetime:
        return self._begun + timedelta(seconds=self.at)

    @property
    def done(self) -> bool:
        return self.state.done

    @property
    def node(self) -> str:
        return self.state.node

    @property
    def verb(self) -> str:
        return self._verb(self.state.flow, self.state.node)

    def _verb(self, flow: str, node: str) -> str:
        found = self.book.flows[flow].nodes.get(node) if flow in self.book.flows else None
        return verbs.name_of(found) if found else ""

    @property
    def awaits(self) -> Awaited:
        """Whom the flow waits for now; "" while something is being played, or after the end."""
        wait = self.state.wait
        if self.done or "play" in self._pending:
            return ""
        if self.asked:
            return "web service"
        if wait.get("queue") == "connected":
            return "conversation"
        if wait.get("queue"):
            return "operator"
        if wait.get("speaking"):
            return "message"
        if wait.get("transfer"):
            return "outside"
        timer = self._pending.get("timer")
        return "keys" if timer and timer[1] == w.Elapsed(wait.get("id", 0)) else ""

    def begin(self) -> "Simulation":
        self.state, actions = machine.begin(self.book, self._flow, self.facts, self.now, self._language)
        self._do(actions)
        return self.settle()

    def settle(self) -> "Simulation":
        """Until the flow waits for a person, or is over. Raises Stuck."""
        for _ in range(PATIENCE):
            name, (when, event) = min(self._pending.items(), key=lambda item: item[1][0], default=("", (0.0, None)))
            if self.done or (self.awaits and (event is None or when > self.at)):
                return self
            if event is None:
                raise Stuck(f"node '{self.node}' waits for nobody")
            self._happen(name, when, event)
        raise Stuck(f"the flow goes on by itself for ever at node '{self.node}'")

    # What the caller does

    def press(self, key: str) -> None:
        self.at += KEY
        self._note("pressed", key="•" if self._secret else key)
        self.tell(w.Key(key))

    def silence(self) -> None:
        """Say and press nothing until the flow has waited long enough. Raises Stuck."""
        if self.awaits != "keys":
            raise Stuck("the flow was not waiting for keys")
        when, event = self._pending["timer"]
        self._note("waited", seconds=round(when - self.at, 1))
        self._happen("timer", when, event)
        self.settle()

    def wait(self, seconds: float) -> None:
        """Let so much time pass; what comes by itself comes. A wait in a queue ends with the place in it."""
        until, queued = self.at + seconds, "queue" in self.state.wait
        self._note("waited", seconds=seconds)
        while not self.done:
            if queued and "queue" not in self.state.wait:
                return
            name, (when, event) = min(
                self._pending.items(), key=lambda item: item[1][0], default=("", (until + 1, None))
            )
            if event is None or when > until:
                break
            self._happen(name, when, event)
        self.at = max(self.at, until)

    def hang_up(self) -> None:
        self._note("hung-up")
        self.tell(w.HungUp())

    # What others do

    def operator_answers(self, code: str, talk: float = TALK, disposition: str = "") -> None:
        """An operator takes the call; `settle` goes on to the conversation, `talk_over` ends it."""
        self.talk, self.disposition = talk, disposition
        self._pending.pop("queue", None)
        self._pending.pop("announce", None)
        self.tell(w.OperatorAnswered(code))

    def talk_over(self) -> None:
        """The conversation goes on for as long as was said, and the operator hangs up."""
        self._note("waited", seconds=self.talk)
        self.at += self.talk
        self.tell(w.OperatorLeft(self.disposition))

    def reply(self, status: int, body: Any = None, problem: str = "") -> None:
        """The web service answers. Raises Stuck when it was not asked."""
        if self.asked is None:
            raise Stuck("no web service was asked")
        number, self.asked = self.asked.id, None
        self.tell(w.HttpReply(number, status, body, problem))

    def outside(self, answers: bool, talk: float = TALK) -> None:
        """The number that the call is transferred to answers and talks, or does not."""
        number = self.state.wait["id"]
        if answers:
            self.tell(w.TransferAnswered(number))
            self.at += talk
        self.tell(w.TransferEnded(number, answers))

    def tell(self, event: w.Event) -> None:
        self.state, actions = machine.step(self.book, self.state, self.facts, event, self.now)
        self._do(actions)

    # The world

    @property
    def _secret(self) -> bool:
        node = self.book.flows[self.state.flow].nodes.get(self.state.node)
        return bool(node and node.secrets())

    def _happen(self, name: str, when: float, event: w.Event) -> None:
        self._pending.pop(name, None)
        self.at = max(self.at, when)
        if name == "announce":
            every = self.book.queues[self.state.queue].announce
            if every:
                self._pending["announce"] = (self.at + every.every, w.Announce(1, ESTIMATE))
        self.tell(event)

    def _do(self, actions: list[w.Action]) -> None:
        for action in actions:
            match action:
                case w.Play(says, number):
                    length = sum(map(self._seconds, says))
                    self._pending["play"] = (self.at + length, w.Played(number))
                    self.says += says
                case w.StopPlay():
                    self._pending.pop("play", None)
                case w.Timer(seconds, number):
                    self._pending["timer"] = (self.at + seconds, w.Elapsed(number))
                case w.Enqueue(queue, _, _, max_wait):
                    self._enqueue(queue, max_wait)
                case w.LeaveQueue():
                    self._pending.pop("queue", None)
                    self._pending.pop("announce", None)
                case w.Http():
                    self.asked = action
                case w.Record(number, longest):
                    self._message_since = self.at
                    self._pending["message"] = (self.at + longest, w.Recorded(number, longest))
                case w.StopRecording() if message := self._pending.get("message"):
                    assert isinstance(message[1], w.Recorded)
                    spoken = self.at - self._message_since
                    self._pending["message"] = (self.at, w.Recorded(message[1].id, spoken))
                case w.Note(kind, node, detail):
                    self._take_note(kind, node, dict(detail))
                case w.AskTicket() if self.ticket:
                    self._pending["ticket"] = (self.at, w.TicketMade(self.ticket))
                case w.Hangup():
                    self._pending.clear()

    def _enqueue(self, queue: str, max_wait: float | None) -> None:
        if self.unstaffed:
            self.unstaffed = False
            self._pending["queue"] = (self.at, w.QueueExit("unstaffed"))
            return
        if max_wait is not None:
            self._pending["queue"] = (self.at + max_wait, w.QueueExit("timeout"))
        if self.book.queues[queue].announce:
            self._pending["announce"] = (self.at, w.Announce(1, ESTIMATE))

    def _take_note(self, kind: str, node: str, detail: dict[str, Any]) -> None:
        text = ""
        if kind == "prompt":
            say = self.says[self._noted]  # notes of prompts follow their Play, one each, in order
            self._noted += 1
            text = self._template(say) if say.secret else say.text
        if kind == "node":
            self._in_flow = detail["flow"]
        self.journey.append(Entry(round(self.at, 2), kind, node, self._verb(self._in_flow, node), detail, text))

    def _template(self, say: w.Say) -> str:
        return self.book.flows[self.state.flow].prompts[say.prompt].texts.get(say.language, "")

    def _note(self, kind: str, **detail: Any) -> None:
        self.journey.append(Entry(round(self.at, 2), kind, self.state.node, self.verb, detail))
