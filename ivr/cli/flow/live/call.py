"""One designers' test as a real call.

A robot phone does what the test's caller does, each thing when the call's journey in the store says that it is time;
then that journey is laid beside the simulator's, and what was heard beside the prompts.
"""

import asyncio
import io
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import msgspec

from ivr.calls import rehearsal
from ivr.calls.rehearsal import Part
from ivr.cli.flow.live.journey import Journey
from ivr.cli.flow.live.people import Desk, Outside
from ivr.cli.flow.live.stage import Stage
from ivr.flow import comparing
from ivr.flow.simulator import Entry
from ivr.flow.trial import OF_THE_MOMENT, Act, Operator, Reply, Result
from ivr.phone.hearing import length, likeness
from ivr.phone.phone import Account, Phone, PhoneError

# A key comes so long after a prompt's end: a prompt begins a little after its note, and not every one can be cut short.
FINGER = 0.6
# What comes next in a real call may take so much longer than in the simulated one, on a busy machine.
GRACE = 30.0
HEARD = 0.5  # likeness of a prompt that was heard; another sentence has 0.3 at most
EARLY, LATE = 1.0, 3.0  # seconds around the time at which a prompt is looked for
TOGETHER = 0.5  # prompts whose notes are no further apart are played as one
TICKET = 75.0  # it waits for the operator's disposition as long as the queue's wrap-up


class Different(Exception):
    """The real call is another than the simulated one; says how. `line`: of the step, where it is known."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


async def place(stage: Stage, test: str, called: str, expected: Result, ticket: str) -> Result:
    """Call `called` as the test `expected` says; `ticket` is the type that the simulated call's has. The result has the
    real journey in `live`, and a problem when it is another one."""
    journey = Journey(stage.database, stage.book, f"{called}-t{test}")
    folder = stage.folder / f"call-{test}"
    folder.mkdir()
    (stage.parts / f"{test}.json").write_bytes(msgspec.json.encode(part(expected, stage)))
    problem, line = "", expected.case.line
    try:
        await _Caller(stage, journey, expected, folder).call(f"{called}-t{test}")
        await _compare(journey, expected, ticket)
    except Different as error:
        problem, line = str(error), error.line or expected.case.line
    except (PhoneError, TimeoutError) as error:
        problem = f"a robot phone failed: {error or 'it waited in vain'}"
        line = comparing.line_of(expected, len(journey.notes))
    if problem:
        problem = f"on the telephone: {problem}"
    return replace(expected, problem=problem, line=line, live=journey.entries)


def part(expected: Result, stage: Stage) -> Part:
    """What the test gives its call."""
    test = expected.case.test
    at = test.at if test.at.tzinfo else test.at.replace(tzinfo=stage.book.zone(stage.book.flows[expected.case.flow]))
    replies = [step.value for step in test.steps if step.kind == "http"]
    return Part(
        at=at,
        replies=[rehearsal.Reply(one.status, one.json_) if isinstance(one, Reply) else None for one in replies],
        calls_today=test.calls_today,
        lapse=comparing.lapse(expected),
        unstaffed=comparing.unstaffed(expected),
        ticket_number=test.ticket_number,
        open_ticket=(test.open_ticket.number, test.open_ticket.state) if test.open_ticket else ("", ""),
    )


class _Caller:
    def __init__(self, stage: Stage, journey: Journey, expected: Result, folder: Path) -> None:
        self._stage, self._journey, self._expected, self._folder = stage, journey, expected, folder
        self._notes = comparing.notes(expected.journey)
        # A call that hangs is given up after this; one that goes another way is seen at once.
        self._patience = GRACE + self._notes[-1].at / comparing.lapse(expected)
        self._desks: dict[str, Desk] = {}
        self._outside: Outside | None = None
        self._served = 0

    async def call(self, number: str) -> None:
        """Raises Different, PhoneError, TimeoutError."""
        listen, port = self._stage.settings.sip.listen, self._stage.settings.ports.sip
        account = Account(self._expected.case.test.caller, listen, port)
        async with AsyncExitStack() as stack:
            for act in self._expected.script:
                await self._prepare(stack, act)
            phone = Phone(self._stage.tree, account, folder=self._folder / "caller")
            await stack.enter_async_context(phone)
            await phone.dial(number)
            if (await phone.wait_for("ESTABLISHED", "CLOSED", within=GRACE)).type == "CLOSED":
                raise Different("the call was not answered")
            for index, act in enumerate(self._expected.script):
                await self._do(phone, index, act)
            await self._end(phone)
        await asyncio.to_thread(self._listen, phone.heard)

    async def _prepare(self, stack: AsyncExitStack, act: Act) -> None:
        """Whom the call will meet is there before it begins."""
        if act.kind == "operator" and act.value.code not in self._desks:
            code = act.value.code
            self._desks[code] = await stack.enter_async_context(Desk(self._stage, code).there(self._folder / code))
        if act.kind == "transfer" and not self._outside:
            self._outside = await stack.enter_async_context(Outside(self._stage).there(self._folder / "outside"))

    async def _do(self, phone: Phone, index: int, act: Act) -> None:
        journey, pause = self._journey, comparing.quiet(self._expected, index)
        await self._reach(act.notes)
        if act.kind in ("press", "hangup", "operator"):
            await asyncio.sleep(journey.notes[act.notes - 1].at + pause + FINGER - journey.now)
        match act.kind:
            case "press":
                await phone.press(act.value)
            case "hangup":
                await phone.hangup()
            case "operator":
                await self._serve(act.value)
            case "transfer":
                assert self._outside is not None
                await self._outside.be_called(act.value)

    async def _serve(self, operator: Operator) -> None:
        self._served += 1
        number = self._served

        async def connected() -> bool:
            return await self._journey.until(connected=number, within=GRACE)

        await self._desks[operator.code].serve(operator, connected)

    async def _reach(self, notes: int, *, end: bool = False) -> None:
        """Wait for so many notes. Raises Different as soon as it is another journey."""
        same = await self._journey.until(notes, end=end, within=self._patience, expected=self._notes)
        if not same:
            raise difference(self._expected, self._journey)

    async def _end(self, phone: Phone) -> None:
        """To the simulated call's end; a call that the test leaves going is hung up then."""
        assert self._expected.state is not None
        await self._reach(len(self._notes), end=self._expected.state.done)
        if not self._expected.state.done:
            await phone.hangup()
        await phone.wait_for("CLOSED", within=GRACE)

    def _listen(self, heard: Path) -> None:
        """Raises Different when a prompt of the journey is not in what the caller heard.

        A phone writes down no time in which nothing is sent to it, so what is known of a prompt's place is that it is
        after all prompts before it, and not later than its note and those that are played as one with it say.
        """
        says = [say for say in self._expected.says if say.prompt not in OF_THE_MOMENT]
        prompts = [entry for entry in self._journey.notes if entry.kind == "prompt"]
        earliest = together = 0.0
        for number, (entry, say) in enumerate(zip(prompts, says, strict=False)):
            sound = self._stage.library.sound(say)
            if number and entry.at - prompts[number - 1].at > TOGETHER:
                together = 0.0
            together += length(sound)
            place = max(0.0, earliest - EARLY), entry.at + together + LATE
            found = likeness(heard, io.BytesIO(sound), *place)
            if found < HEARD:  # a busy phone may have lost its beginning
                found = likeness(heard, io.BytesIO(sound), *place, ending=True)
            earliest += length(sound)
            if found < HEARD and not say.secret:
                where = comparing.line_of(self._expected, self._journey.notes.index(entry))
                raise Different(f"'{say.prompt}' ({say.language}) was not heard (likeness {found:.2f})", where)


def difference(expected: Result, journey: Journey) -> Different:
    number = comparing.difference(expected.journey, journey.entries)
    if number is None:
        return Different("the call did not end", comparing.line_of(expected, len(journey.notes)))
    wanted, came = ([*map(_told, comparing.notes(one))] for one in (expected.journey, journey.entries))
    one, other = ([*notes[number : number + 1], "nothing more"][0] for notes in (wanted, came))
    return Different(f"{other} came, not {one}", comparing.line_of(expected, number))


def _told(entry: Entry) -> str:
    detail = " ".join(f"{name}={value}" for name, value in entry.detail.items())
    return f"'{entry.kind} {detail}' at node '{entry.node}'" if detail else f"'{entry.kind}' at node '{entry.node}'"


async def _compare(journey: Journey, expected: Result, ticket: str) -> None:
    """The journeys, and what the store has of a call that is over. Raises Different."""
    if comparing.difference(expected.journey, journey.entries) is not None:
        raise difference(expected, journey)
    state, row = expected.state, journey.row
    assert state is not None and row is not None
    if not state.done:
        return
    survey = await asyncio.to_thread(journey.survey)
    found = ("outcome", row.outcome, state.outcome), ("language", row.language, state.language), (
        "survey", survey, state.survey,
    ), ("ticket's type", await journey.ticket(ticket, within=TICKET), ticket)  # fmt: skip
    for what, came, wanted in found:
        if came != wanted:
            raise Different(f"the {what} is '{came}', not '{wanted}'", expected.case.expect_line)
