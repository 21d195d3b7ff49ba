"""Designers' tests: `tests/NAME.test.yaml` beside the flows, run in the simulator.

A test file names a flow and holds tests; each is a caller, a time, steps and what is expected in the end. The steps
and what makes each pass are in docs/flow-language.md. `run` gives, beside the verdict, the script of the call: what
was done by whom after how many notes of the machine, for whoever wants to do the same on a real telephone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec.structs import replace
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator

from ivr.flow.durations import Duration
from ivr.flow.findings import Finding, FlowErrors, nearest, of_validation
from ivr.flow.model import Book
from ivr.flow.simulator import TICKET, Entry, Simulation, Stuck, reading_time
from ivr.flow.source import Source
from ivr.flow.words import Facts, Say, State

SUFFIX = ".test.yaml"
CODE_PROMPT = "operator-code"
# What a queue says by itself depends on how long one really waits; it is no part of a journey that must be the same.
OF_THE_MOMENT = frozenset({"queue-position", "queue-wait", "queue-callback"})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


# Digits may stand without quotes, where YAML reads a number.
Text = Annotated[str, BeforeValidator(str, json_schema_input_type=str | int)]
_TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d", "description": "2026-11-24T10:00"}


class Operator(_Strict):
    code: Text
    disposition: Literal["", "Q", "PQ", "A", "PA", "I", "PI"] = ""
    talk: Duration = 30.0


class Reply(_Strict):
    status: Annotated[int, Field(ge=100, le=599)] = 200
    json_: Any = Field(None, alias="json")


class Step(_Strict):
    """Exactly one of these."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})
    hear: str | None = None
    never: str | None = None
    press: Text | None = None
    silence: Annotated[int, Field(ge=1, le=20)] | None = None
    queue: str | None = None
    wait: Duration | None = None
    operator: Operator | None = None
    unstaffed: Literal[True] | None = None
    http: Reply | Literal["timeout"] | None = None
    transfer: Literal["answered", "unanswered"] | None = None
    answer: tuple[int | None, ...] | None = None
    hangup: Literal[True] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Step":
        if len(self.model_fields_set) != 1:
            raise ValueError(f"a step is one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def kind(self) -> str:
        return next(iter(self.model_fields_set))

    @property
    def value(self) -> Any:
        return getattr(self, self.kind)


Outcome = Literal["served", "self-served", "abandoned", "callback", "voicemail", "closed", "failed"]


class Expected(_Strict):
    outcome: Outcome | None = None
    language: str | None = None
    ticket: str | None = None
    survey: dict[str, int | None] | None = None
    variables: dict[str, Any] | None = None
    path: tuple[str, ...] | None = None


class OpenTicket(_Strict):
    """Of a call before."""

    number: str
    state: Literal["new", "open", "waiting"] = "open"


class Test(_Strict):
    __test__ = False  # for pytest, which collects classes of this name
    name: str
    caller: Text = "+390612345678"
    number: str = ""
    calls_today: int = 0
    ticket_number: str = TICKET
    open_ticket: OpenTicket | None = None
    at: Annotated[datetime, WithJsonSchema(_TIME)]
    steps: tuple[Step, ...] = ()
    expect: Expected = Expected()


class File(_Strict):
    flow: str
    tests: tuple[Test, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Case:
    """One test with its place."""

    file: str
    line: int
    flow: str
    test: Test
    lines: tuple[int, ...]  # of the steps
    expect_line: int


@dataclass(frozen=True)
class Act:
    """Something a person did, `after` seconds of quiet since the machine's note number `notes` (from 1); the step is at
    `line`."""

    notes: int
    after: float
    kind: str  # press, silence, wait, operator, transfer, hangup
    value: Any = None
    line: int = 0


@dataclass
class Result:
    """`problem` is "" when the test passes; otherwise what did not fit, at `line` of the case's file."""

    case: Case
    problem: str = ""
    line: int = 0
    journey: list[Entry] = field(default_factory=list)
    script: list[Act] = field(default_factory=list)
    says: list[Say] = field(default_factory=list)  # everything that was spoken, in order
    state: State | None = None
    live: list[Entry] = field(default_factory=list)  # the machine's notes of the same call on a real telephone

    @property
    def passed(self) -> bool:
        return not self.problem


class _Unfit(Exception):
    """A step that does not fit the call."""


def read(path: Path, book: Book) -> list[Case]:
    """The cases of one test file. Raises FlowErrors with all that is wrong."""
    source = Source(path.read_bytes(), str(path))
    if source.findings:
        raise FlowErrors(source.findings)
    try:
        file = File.model_validate(source.data)
    except ValidationError as error:
        raise FlowErrors([source.finding(*one) for one in of_validation(error)]) from error
    if file.flow not in book.flows:
        message = f"there is no flow '{file.flow}'"
        raise FlowErrors([source.finding(("flow",), "no-flow", message, nearest(file.flow, book.flows))])
    cases, findings, names = [], list[Finding](), set[str]()
    for number, test in enumerate(file.tests):
        at = ("tests", number)
        if test.name in names:
            findings.append(source.finding((*at, "name"), "test-twice", f"there are two tests '{test.name}'"))
        names.add(test.name)
        findings += [
            source.finding((*at, "steps", index, step.kind), "no-prompt", f"the flow has no prompt '{step.value}'")
            for index, step in enumerate(test.steps)
            if step.kind in ("hear", "never") and step.value not in _prompts(book)
        ]
        lines = tuple(source.place((*at, "steps", index))[0] for index in range(len(test.steps)))
        place = source.place(at)[0]
        cases.append(Case(str(path), place, file.flow, test, lines, source.place((*at, "expect"))[0]))
    if findings:
        raise FlowErrors(findings)
    return cases


def _prompts(book: Book) -> set[str]:
    from ivr.flow import builtin

    return {name for flow in book.flows.values() for name in flow.prompts} | builtin.names()


def run(
    case: Case,
    book: Book,
    facts: Callable[[str, str, int], Facts],
    ticket: Callable[[State], str],
    seconds: Callable[[Say], float] = reading_time,
) -> Result:
    """One test in the simulator. `facts(caller, called, calls_today)` says what is known of a caller; `ticket` gives
    the type of the ticket that a finished call makes."""
    flow, test = book.flows[case.flow], case.test
    called = number(case, book)
    at = test.at if test.at.tzinfo else test.at.replace(tzinfo=book.zone(flow))
    simulation = Simulation(book, case.flow, known(test, facts(test.caller, called, test.calls_today)), at, seconds)
    simulation.ticket = test.ticket_number
    result = Result(case, journey=simulation.journey, says=simulation.says)
    result.line = case.line
    try:
        play = _Play(simulation, result.script, test)
        for step, line in zip(test.steps, case.lines, strict=True):
            result.line = play.line = line
            play.step(step)
        result.line = case.expect_line
        play.end()
        _expect(case, simulation, ticket)
    except (_Unfit, Stuck) as error:
        result.problem = str(error)
    result.state = simulation.state
    return result


def known(test: Test, facts: Facts) -> Facts:
    """With the ticket that the test's caller has; a number that is withheld is known to nobody."""
    if test.open_ticket is None or not facts.caller:
        return facts
    return replace(facts, ticket=test.open_ticket.number, ticket_state=test.open_ticket.state)


def number(case: Case, book: Book) -> str:
    """The number that a test calls: its own, or its flow's first."""
    numbers = book.flows[case.flow].numbers
    return case.test.number or next((number for number in numbers if number != "*"), "+390600000000")


class _Play:
    """Carries out steps. `heard`: the prompts of this stretch, from the last act until the flow waited again."""

    def __init__(self, simulation: Simulation, script: list[Act], test: Test) -> None:
        self.call, self.script = simulation, script
        self.replies: list[Reply | str] = []
        self.since = self.cursor = self.line = 0
        # What the world is like from the start is said first.
        simulation.unstaffed = bool(test.steps) and test.steps[0].kind == "unstaffed"
        self.call.begin()

    def step(self, step: Step) -> None:
        getattr(self, f"_{step.kind}")(step.value)

    def end(self) -> None:
        if self.replies:
            raise _Unfit("a web service was not asked as often as the `http` steps say")

    def _hear(self, prompt: str) -> None:
        for index in range(self.cursor, len(self.call.says)):
            if self.call.says[index].prompt == prompt:
                self.cursor = index + 1
                return
        heard = ", ".join(say.prompt for say in self.call.says[self.cursor :]) or "nothing"
        raise _Unfit(f"'{prompt}' was not heard here, but {heard}")

    def _never(self, prompt: str) -> None:
        if any(say.prompt == prompt for say in self.call.says[self.since :]):
            raise _Unfit(f"'{prompt}' was heard")

    def _press(self, keys: str) -> None:
        for key in keys:
            if self.call.awaits not in ("keys", "operator", "message") or key not in "0123456789*#":
                raise _Unfit(f"the flow was not waiting for keys, but {self._waiting}")
            self._act("press", key)
            self.call.press(key)
            self._go_on()

    def _silence(self, times: int) -> None:
        for _ in range(times):
            self._act("silence")
            self.call.silence()
            self._go_on()

    def _queue(self, name: str) -> None:
        if self.call.awaits != "operator" or self.call.state.queue != name:
            where = f"in queue '{self.call.state.queue}'" if self.call.awaits == "operator" else self._waiting
            raise _Unfit(f"the call is not waiting in queue '{name}', but {where}")

    def _wait(self, seconds: float) -> None:
        self._act("wait", seconds)
        self.call.wait(seconds)
        if self.call.done:
            raise _Unfit("the call is over")
        self._go_on()

    def _operator(self, operator: Operator) -> None:
        if self.call.awaits != "operator":
            raise _Unfit(f"the call was not waiting for an operator, but {self._waiting}")
        self._act("operator", operator)
        self.call.operator_answers(operator.code, operator.talk, operator.disposition)
        self.call.settle()
        language = self.call.state.language
        if not any(say.prompt == CODE_PROMPT and say.language == language for say in self.call.says[self.since :]):
            raise _Unfit(f"the operator's code was not announced in '{language}'")
        self.call.talk_over()
        self._go_on()

    def _unstaffed(self, _: bool) -> None:
        if self.call.awaits == "operator":
            raise _Unfit("the call is in the queue already; say `unstaffed` before what leads there")
        self.call.unstaffed = self.call.unstaffed or bool(self.script)

    def _http(self, reply: Reply | str) -> None:
        self.replies.append(reply)
        self._go_on()

    def _transfer(self, how: str) -> None:
        if self.call.awaits != "outside":
            raise _Unfit(f"no number outside was being called; the call is {self._waiting}")
        self._act("transfer", how)
        self.call.outside(how == "answered")
        self._go_on()

    def _answer(self, answers: tuple[int | None, ...]) -> None:
        for answer in answers:
            if self.call.verb != "survey" or self.call.awaits != "keys":
                raise _Unfit(f"no question of a survey was asked; the call is {self._waiting}")
            if answer is None:
                self._silence(1)
            else:
                self._press(str(answer))

    def _hangup(self, _: bool) -> None:
        if self.call.done:
            raise _Unfit("the call is over already")
        self._act("hangup")
        self.call.hang_up()
        self._go_on()

    def _act(self, kind: str, value: Any = None) -> None:
        notes = [entry for entry in self.call.journey if is_note(entry)]
        quiet = self.call.at - notes[-1].at if notes else 0.0
        self.script.append(Act(len(notes), quiet, kind, value, self.line))
        self.since = self.cursor = len(self.call.says)

    def _go_on(self) -> None:
        self.call.settle()
        while self.call.asked and self.replies:
            reply = self.replies.pop(0)
            if isinstance(reply, Reply):
                self.call.reply(reply.status, reply.json_)
            else:
                self.call.at += self.call.asked.timeout
                self.call.reply(0, problem="timeout")
            self.call.settle()

    @property
    def _waiting(self) -> str:
        if self.call.done:
            return "over"
        return f"waiting for {self.call.awaits or 'nobody'} at node '{self.call.node}'"


def is_note(entry: Entry) -> bool:
    """Whether an entry is the machine's, and one that a real call must have too."""
    if entry.kind in ("pressed", "waited", "hung-up"):
        return False
    return not (entry.kind == "prompt" and entry.detail.get("prompt") in OF_THE_MOMENT)


def _expect(case: Case, simulation: Simulation, ticket: Callable[[State], str]) -> None:
    for what, wanted, found in _compare(case.test.expect, simulation, ticket):
        if wanted != found:
            raise _Unfit(f"{what} is {_said(found)}, not {_said(wanted)}")


def _said(value: Any) -> str:
    return "none" if value in ("", None) else f"'{value}'"


def _compare(
    expected: Expected, simulation: Simulation, ticket: Callable[[State], str]
) -> Iterator[tuple[str, Any, Any]]:
    state = simulation.state
    if (expected.outcome or expected.ticket) and not simulation.done:
        raise _Unfit(f"the call is not over: it waits for {simulation.awaits} at node '{simulation.node}'")
    if expected.outcome:
        yield "the outcome", expected.outcome, state.outcome
    if expected.language:
        yield "the language", expected.language, state.language
    if expected.ticket:
        yield "the ticket's type", expected.ticket, ticket(state)
    answers = {question: answer for survey in state.survey.values() for question, answer in survey.items()}
    for question, answer in (expected.survey or {}).items():
        yield f"the answer to '{question}'", answer, answers.get(question)
    for name, value in (expected.variables or {}).items():
        yield f"variable '{name}'", value, state.variables.get(name)
    passed = [entry.node for entry in simulation.journey if entry.kind == "node"]
    for node in expected.path or ():
        if node not in passed:
            raise _Unfit(f"node '{node}' was not passed, or not in this order")
        passed = passed[passed.index(node) + 1 :]
