"""Random valid flows, and random events for them: what `test_random_flows.py` and `bench/machine.py` throw at the
machine. The same seed gives the same flows and events."""

import random
from collections.abc import Generator
from datetime import UTC, datetime

import msgspec

from ivr.flow import machine
from ivr.flow import words as w
from ivr.flow.loader import load_files
from ivr.flow.model import Book

LANGUAGES = ("it", "en")
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
FACTS = (
    w.Facts("c", "+390000001", "+390471123456", district="0471", country="IT"),
    w.Facts("c", "+390000001", "", withheld=True),
    w.Facts("c", "+390000001", "+393331234567", country="IT", calls_today=3),
)
EXPRESSIONS = (
    'text == ""', "number > 3", 'caller.district in ["0471", "06"]', "now.getHours() < 12", "caller.withheld",
    "queue.position > 1 || number == 0", "size(text) > 2 && number != 7", 'call.language == "it"',
)  # fmt: skip
VALUES = ("= number + 1", "7", '"x"', "= text + 'y'", '"= caller.number"')


def files(rng: random.Random) -> dict[str, bytes]:
    """A flows' folder: one flow that answers, two that it may call, queues and a calendar."""
    names = ["main", "below", "deep"]
    found = {
        f"{name}.flow.yaml": _flow(rng, name, names[number + 1 :], rng.randint(6, 24)).encode()
        for number, name in enumerate(names)
    }
    found["queues.yaml"] = b"q: {announce: {every: 30s}, max_waiting: 5}\n"
    found["calendars.yaml"] = b'c: {holidays: IT, weekly: {mon-fri: "08:00-20:00"}}\n'
    return found


def _flow(rng: random.Random, name: str, below: list[str], size: int) -> str:
    """Nodes that wait for nothing lead only onwards, so there is no circle; the notice of recording comes first."""
    nodes = {"first": "{play: warned, next: n0}"}
    for number in range(size):
        later = [f"n{other}" for other in range(number + 1, size)] + ["last"]
        nodes[f"n{number}"] = _node(rng, later, [f"n{other}" for other in range(size)] + ["last"], below)
    nodes["sorry"] = "{play: plain, next: last}"
    nodes["last"] = "{hangup: normal}" if name == "main" else "{return: true}"
    lines = "\n".join(f"  {node}: {value}" for node, value in nodes.items())
    numbers = 'numbers: ["+390000001"]\n' if name == "main" else ""
    on_error = "on_error: sorry\n" if rng.random() < 0.7 else ""
    return f"""ivr: 1
languages: [it, en]
{numbers}variables: {{text: "", number: 0, reply: {{}}, code: ""}}
{on_error}start: first
prompts:
  plain: {{it: "Ciao.", en: "Hello."}}
  valued: {{it: "Numero {{number}}, {{now | time}}.", en: "Number {{number}}, {{now | time}}."}}
  digits: {{it: "Codice {{code | digits}}.", en: "Code {{code | digits}}."}}
  warned: {{notice: recording, it: "Registrata.", en: "Recorded."}}
nodes:
{lines}
  keep: {{set: {{text: "", number: 1, code: ""}}, next: ask}}
  ask: {{http: {{url: "https://example.test/", into: reply}}, next: say, otherwise: say}}
  say: {{play: [valued, digits], next: last}}
"""


def _node(rng: random.Random, later: list[str], anywhere: list[str], below: list[str]) -> str:
    def onwards() -> str:
        return rng.choice(later)

    def any_node() -> str:
        return rng.choice(anywhere)

    def prompt() -> str:
        return rng.choice(["plain", "valued", "digits"])

    verbs = [
        lambda: f"{{play: {prompt()}, barge_in: {rng.choice(['true', 'false'])}, next: {any_node()}}}",
        lambda: (
            f"{{menu: {{prompt: {prompt()}, choices: {{1: {any_node()}, 2: {any_node()}, '*': {any_node()}}}, "
            f"attempts: {rng.randint(1, 3)}}}, otherwise: {any_node()}}}"
        ),
        lambda: (
            f"{{collect: {{prompt: {prompt()}, into: code, min: 1, max: {rng.randint(2, 6)}, "
            f"confirm: digits, secret: {rng.choice(['true', 'false'])}}}, next: {any_node()}, otherwise: {any_node()}}}"
        ),
        lambda: f"{{language: {rng.choice(LANGUAGES)}, next: {onwards()}}}",
        lambda: f"{{hours: c, open: {onwards()}, closed: {onwards()}}}",
        lambda: f"{{branch: [{{when: '{rng.choice(EXPRESSIONS)}', go: {onwards()}}}], otherwise: {onwards()}}}",
        lambda: f"{{set: {{number: {rng.choice(VALUES[:2])}}}, next: {onwards()}}}",
        lambda: f"{{set: {{text: {rng.choice(VALUES[2:])}}}, next: {onwards()}}}",
        lambda: (
            f'{{http: {{url: "https://example.test/{{number}}", into: reply}}, next: {any_node()}, '
            f"otherwise: {any_node()}}}"
        ),
        lambda: (
            f"{{queue: {{name: q, skills: [language], max_wait: 1m, callback: {{key: 5, after: 10s, "
            f"go: {any_node()}}}}}, served: {any_node()}, timeout: {any_node()}, full: {any_node()}, "
            f"unstaffed: {any_node()}}}"
        ),
        lambda: f"{{callback: {{queue: q}}, next: {onwards()}}}",
        lambda: f"{{voicemail: {{prompt: plain, queue: q}}, next: {any_node()}}}",
        lambda: f'{{transfer: {{to: "+390612345678"}}, next: {any_node()}, otherwise: {any_node()}}}',
        lambda: f"{{record: {rng.choice(['stop', 'start', 'pause', 'resume'])}, next: {onwards()}}}",
        lambda: f"{{survey: {{name: s, questions: {{a: plain, b: valued}}, scale: 5}}, next: {any_node()}}}",
        lambda: f"{{ticket: {{type: Q, subject: About, fields: {{n: '= string(number)'}}}}, next: {onwards()}}}",
    ]
    if below:
        verbs += [lambda: f"{{subflow: {rng.choice(below)}, next: {onwards()}}}"] * 2
    return rng.choice(verbs)()


def book(rng: random.Random) -> Book:
    """A book of random flows. Raises FlowErrors if the checker finds an error in it: then it was not valid."""
    return load_files(files(rng))


def events(
    rng: random.Random, state: w.State, actions: list[w.Action]
) -> Generator[w.Event, tuple[w.State, list[w.Action]], None]:
    """What the world might tell next: mostly what is due, sometimes anything at all. Without end; it is sent what came
    of each."""
    asked: dict[str, int] = {}
    while True:
        for action in actions:
            if isinstance(action, w.Play | w.Timer | w.Http | w.Record | w.Transfer):
                asked[type(action).__name__] = action.id
        due: list[w.Event] = [w.Key(rng.choice("0123456789*#")), w.Key(rng.choice("125*#"))]
        number = state.wait.get("id", state.wait.get("farewell", 0))
        answers: dict[int | None, list[w.Event]] = {
            asked.get("Play"): [w.Played(number)] * 3,
            asked.get("Timer"): [w.Elapsed(number)] * 2,
            asked.get("Http"): [w.HttpReply(number, rng.choice([200, 404, 0]), rng.choice([None, {"a": 1}, "x"]))] * 2,
            asked.get("Record"): [w.Recorded(number, rng.uniform(0, 60))] * 2,
            asked.get("Transfer"): [w.TransferAnswered(number), w.TransferEnded(number, rng.random() < 0.5)],
        }
        due += answers.get(number, [])
        if state.wait.get("queue"):
            due += [
                w.OperatorAnswered("4271"), w.OperatorLeft(""), w.QueueExit(rng.choice(["timeout", "full"])),
                w.Announce(rng.randint(1, 9), rng.uniform(0, 900)), w.OperatorLost(),
                w.Transferred(state.queue), w.Moved(state.queue),
                w.OperatorChanged("4272"), w.Elapsed(state.wait.get("timer", 0)),
            ]  # fmt: skip
        anything: list[w.Event] = [
            w.Played(rng.randint(0, 50)), w.Elapsed(rng.randint(0, 50)), w.PlayFailed(number, "x"), w.Failed("x"),
            w.OperatorLeft("Q"), w.OperatorLost(), w.QueueExit("full"), w.Recorded(number, 3.0),
            w.HttpReply(number, 500), w.TransferEnded(number, True), w.Announce(1, 1.0), w.OperatorAnswered("1"),
        ]  # fmt: skip
        state, actions = yield rng.choice(due if rng.random() < 0.85 else anything)


def drive(seed: int, total: int, flows: int = 40) -> int:
    """Throw `total` events at random flows; returns how many calls it took. Raises AssertionError."""
    rng = random.Random(seed)
    books = [book(rng) for _ in range(flows)]
    done = calls = 0
    while done < total:
        calls += 1
        chosen, facts = rng.choice(books), rng.choice(FACTS)
        state, actions = machine.begin(chosen, "main", facts, NOW)
        source = events(rng, state, actions)
        event = next(source)
        for _ in range(rng.randint(1, 80)):
            state, actions = machine.step(chosen, state, facts, event, NOW)
            done += 1
            if rng.random() < 0.05:  # another controller goes on with what was left on the channel
                state = msgspec.json.decode(msgspec.json.encode(state), type=w.State)
                state, actions = machine.resume(chosen, state, facts, NOW)
            assert state.done or state.wait, f"the call waits for nothing at {state.flow}.{state.node}"
            if state.done:
                break
            event = source.send((state, actions))
        saved = msgspec.json.decode(msgspec.json.encode(state), type=w.State)
        ended, _ = machine.step(chosen, saved, facts, w.HungUp(), NOW)
        assert ended.done and ended.outcome
        assert machine.step(chosen, ended, facts, w.Key("1"), NOW)[1] == []
    return calls
