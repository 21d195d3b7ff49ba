"""Two controllers on one real Asterisk, callers on real SIP; the controller that has the call is killed, or hangs.

What is looked at: what the caller heard, the call's journey, and that there is one ticket and nothing left over.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sqlalchemy import select

from asterisk_conf import tree
from ivr.cli.desk import account_of
from ivr.cli.installation import library as open_library
from ivr.cli.status import status
from ivr.flow.loader import load as load_flows
from ivr.phone.hearing import likeness
from ivr.phone.phone import Account, Phone
from ivr.store import calls
from ivr.store.database import Database
from ivr.store.schema import Call, Controller, JourneyEntry, Recording, SurveyAnswer, Ticket
from tests.live.conftest import OPEN, Installation
from tests.live.sound import RATE, power, tone

NUMBER, ANNA = "+390600000009", "4271"
FLOW = f"""
ivr: 1
languages: [it]
numbers: ["{NUMBER}"]
variables: {{code: ""}}
start: hello
prompts:
  hello:
    notice: recording
    it: "La telefonata sarà registrata. Benvenuti al servizio di assistenza, che oggi risponde dalle otto alle venti."
  ask: {{it: "Digiti le sei cifre del codice."}}
  keyed: {{it: "Ha digitato {{code | digits}}."}}
  nobody: {{it: "Nessun operatore è collegato."}}
  clear: {{it: "Da uno a cinque, quanto è stata chiara la risposta?"}}
nodes:
  hello: {{play: hello, next: ask}}
  ask:
    collect: {{prompt: ask, into: code, length: 6, timeout: 15s, gap: 15s}}
    next: keyed
    otherwise: end
  keyed: {{play: keyed, next: about}}
  about: {{ticket: {{type: Q, subject: Codice, fields: {{code: "= code"}}}}, next: payments}}
  payments:
    queue: {{name: payments, skills: [language], max_wait: 2m}}
    served: satisfaction
    timeout: nobody
    full: nobody
    unstaffed: nobody
  nobody: {{play: nobody, next: end}}
  satisfaction: {{survey: {{name: after-call, questions: {{clear: clear}}, scale: 5}}, next: end}}
  end: {{hangup: normal}}
"""
QUEUES = "payments: {ring: 15s, wrap_up: 2s}\n"


def _house(data: Path, count: int) -> Installation:
    flows = data / "designers"
    flows.mkdir()
    (flows / "line.flow.yaml").write_text(FLOW, "utf-8")
    (flows / "queues.yaml").write_text(QUEUES, "utf-8")
    return Installation(
        data, OPEN, CONTROLLERS__COUNT=str(count), FLOWS__FOLDER=str(flows), RECORDINGS__SPEECH="false"
    )  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    one = _house(tmp_path_factory.mktemp("house"), 2)
    one.start()
    try:
        one.ivr("operators", "add", ANNA, "--name", "Anna", "--languages", "it", "--queues", "all")
        time.sleep(2.5)  # controllers look for new operators each second
        yield one
    finally:
        assert one.stop() == 0


class Citizen:
    """One caller, and their call as the store has it."""

    def __init__(self, house: Installation, phone: Phone, number: str) -> None:
        self.house, self.phone, self.number = house, phone, number
        self.store = Database(house.settings.database_url)

    async def dial(self) -> None:
        await self.phone.dial(NUMBER)
        await self.phone.wait_for("ESTABLISHED", within=10)

    @property
    def row(self) -> Call:
        with self.store.read() as session:
            return session.scalars(select(Call).where(Call.caller == self.number)).one()

    def journey(self) -> list[JourneyEntry]:
        with self.store.read() as session:
            return calls.journey(session, self.row.id)

    def kinds(self) -> list[str]:
        return [row.kind for row in self.journey()]

    def times(self, kind: str, node: str) -> int:
        return sum(one.kind == kind and one.node == (node or one.node) for one in self.journey())

    async def noted(self, kind: str, node: str = "", times: int = 1, within: float = 20.0) -> None:
        try:
            async with asyncio.timeout(within):
                while self.times(kind, node) < times:  # noqa: ASYNC110 it is another process's event
                    await asyncio.sleep(0.1)
        except TimeoutError:
            logs = "\n".join(log.read_text()[-3000:] for log in self.house.settings.logs.glob("controller-*.log"))
            raise AssertionError(f"no {kind} at {node}: {self.kinds()}\n{logs}") from None

    def pid(self) -> int:
        """Of the controller that has the call."""
        with self.store.read() as session:
            return session.get_one(Controller, self.row.controller).pid

    async def goes_on(self) -> float:
        """Wait until another has it; seconds from now."""
        begun = time.monotonic()
        await self.noted("continued", within=5.0)
        return time.monotonic() - begun

    async def to_the_queue(self) -> None:
        """Through the flow, until they wait for an operator."""
        await self.dial()
        await self.noted("node", "ask")
        await self.phone.press(",123456")
        await self.noted("queue")

    def connected(self) -> datetime:
        return next(row.at for row in self.journey() if row.kind == "connected")

    async def over(self) -> Ticket:
        """The one ticket of the one call."""
        async with asyncio.timeout(30):
            while True:
                with self.store.read() as session:
                    found = session.scalars(select(Ticket).where(Ticket.call_id == self.row.id)).all()
                if found and self.row.ended_at:
                    break
                await asyncio.sleep(0.2)
        assert len(found) == 1
        return found[0]


def pids(house: Installation) -> dict[str, int]:
    return {one["id"]: one["pid"] for one in status(house.settings)["controllers"]}


async def beating(house: Installation, count: int = 2) -> None:
    """So many controllers answer, each the newest of its name."""
    async with asyncio.timeout(30):
        while True:
            there = {one["id"]: one["pid"] for one in house.ivr("controllers", ok=False) if one["answers"]}
            if len(there) == count and pids(house).items() <= there.items():
                return
            await asyncio.sleep(0.3)


@asynccontextmanager
async def citizen(house: Installation, folder: Path, number: str, hertz: float = 1000.0) -> AsyncIterator[Citizen]:
    settings = house.settings
    account = Account(number, settings.sip.listen, settings.ports.sip)
    said = tone(folder / f"{number}.wav", hertz, 120)
    async with Phone(tree.ensure(print), account, folder=folder / number, talk=said) as phone:
        yield Citizen(house, phone, number)


@asynccontextmanager
async def anna(house: Installation, folder: Path) -> AsyncIterator[Phone]:
    """At work, until the end of it."""
    said = tone(folder / "anna.wav", 440.0, 120)
    account = account_of(house.settings, ANNA)
    async with Phone(tree.ensure(print), account, folder=folder / ANNA, talk=said) as phone:
        await phone.registered(within=10)
        house.ivr("operators", "state", ANNA, "ready")
        yield phone
        house.ivr("operators", "state", ANNA, "signed-out")


class Ears:
    def __init__(self, house: Installation) -> None:
        self._library, self._flow = open_library(house.settings), load_flows(house.settings.flows.folder).flows["line"]

    def likeness(self, heard: Path, prompt: str, begin: float = 0.0) -> float:
        return likeness(heard, self._library.make(self._flow.prompts[prompt].say("it")), begin)


async def test_killed_in_a_prompt_and_in_the_midst_of_digits(house: Installation, tmp_path: Path) -> None:
    async with citizen(house, tmp_path, "+390471000001") as one:
        await one.dial()
        begun = time.monotonic()
        await one.noted("prompt")
        await asyncio.sleep(1.5)
        os.kill(one.pid(), signal.SIGKILL)
        took = await one.goes_on()
        print(f"a prompt goes on after {took:.2f} s")
        again = time.monotonic() - begun
        assert took < 1.5
        await one.noted("node", "ask")
        await beating(house)
        await one.phone.press(",,,12")
        await asyncio.sleep(4.5)
        os.kill(one.pid(), signal.SIGKILL)
        await one.noted("continued", times=2, within=5.0)
        await one.phone.press(",3456")
        await one.noted("digits")
        (keyed,) = [row.detail["digits"] for row in one.journey() if row.kind == "digits"]
        assert keyed == "123456"
        await one.noted("node", "payments")  # nobody is at work
        await one.phone.wait_for("CLOSED", within=30)
        ticket = await one.over()
    assert ticket.fields["code"] == "123456" and ticket.subject == "Codice"
    heard, ears = one.phone.heard, Ears(house)
    assert ears.likeness(heard, "hello", again - 1.5) > 0.8, "it begins again"
    assert ears.likeness(heard, "nobody") > 0.8
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_killed_while_they_wait_in_the_queue_and_the_places_are_kept(house: Installation, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        operator = await stack.enter_async_context(anna(house, tmp_path))
        house.ivr("operators", "state", ANNA, "paused", "--reason", "test")
        waiting = []
        for number in range(4):
            one = await stack.enter_async_context(citizen(house, tmp_path, f"+39047100010{number}"))
            await one.to_the_queue()
            waiting.append(one)
        theirs = {one.row.controller for one in waiting}
        os.kill(waiting[0].pid(), signal.SIGKILL)
        await waiting[0].goes_on()
        assert theirs, "both controllers have calls, or one has all"
        house.ivr("operators", "state", ANNA, "ready")
        for one in waiting:
            await operator.wait_for("INCOMING", within=30)
            await operator.answer()
            await one.noted("connected")
            await asyncio.sleep(0.5)
            await operator.hangup()
            await one.noted("conversation-ended")
            await one.phone.press(",,5")
            assert (await one.over()).fields["outcome"] == "served"
        assert sorted(waiting, key=Citizen.connected) == waiting
        assert sum(one.kinds().count("offer") for one in waiting) == len(waiting), "nobody is offered twice"
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_killed_in_a_conversation_that_goes_on(house: Installation, tmp_path: Path) -> None:
    async with anna(house, tmp_path) as operator, citizen(house, tmp_path, "+390471000201") as one:
        await one.to_the_queue()
        await operator.wait_for("INCOMING", within=30)
        await operator.answer()
        await one.noted("connected")
        await asyncio.sleep(2)
        former, pid = one.row.controller, one.pid()
        os.kill(pid, signal.SIGKILL)
        await one.goes_on()
        assert one.row.controller != former
        await asyncio.sleep(4)
        await operator.hangup()
        await one.noted("conversation-ended")
        await one.noted("node", "satisfaction")
        await one.phone.press(",,,4")
        await one.phone.wait_for("CLOSED", within=20)
        ticket = await one.over()
        seconds = float(next(row.detail["seconds"] for row in one.journey() if row.kind == "conversation-ended"))
        assert ticket.fields["operator"] == ANNA and ticket.fields["outcome"] == "served" and 6 < seconds < 12
        with one.store.read() as session:
            assert [
                row.answer for row in session.scalars(select(SurveyAnswer).where(SurveyAnswer.call_id == one.row.id))
            ] == [4]
        async with asyncio.timeout(30):
            while True:
                with one.store.read() as session:
                    recordings = session.scalars(select(Recording).where(Recording.call_id == one.row.id)).all()
                if recordings:
                    break
                await asyncio.sleep(0.3)
    (recording,) = recordings
    assert recording.complete and abs(recording.seconds - seconds) < 1.5
    # Both were heard all the time: in what each heard and on tape no half second is without the other's tone.
    tape = house.tape(recording.id)
    assert gaps(tape[:, 0], 1000.0) == gaps(tape[:, 1], 440.0) == 0.0
    assert longest(one.phone.heard, 440.0) > seconds - 1.5
    assert longest(operator.heard, 1000.0) > seconds - 1.5
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_one_that_stood_still_leaves_its_calls_alone(house: Installation, tmp_path: Path) -> None:
    async with citizen(house, tmp_path, "+390471000301") as one:
        await one.dial()
        await one.noted("prompt")
        await asyncio.sleep(1.0)
        pid, former = one.pid(), one.row.controller
        os.kill(pid, signal.SIGSTOP)
        took = await one.goes_on()
        print(f"after it stood still, a call goes on elsewhere after {took:.2f} s")
        assert took < 2.0 and one.row.controller != former
        await asyncio.sleep(1.0)
        os.kill(pid, signal.SIGCONT)
        await one.noted("node", "ask")
        await one.phone.press(",,123456")
        await one.noted("digits")
        await one.noted("node", "payments")
        await one.phone.wait_for("CLOSED", within=30)
        assert (await one.over()).fields["code"] == "123456"
        kinds = one.kinds()
        assert kinds.count("digits") == kinds.count("continued") == kinds.count("ended") == 1
        assert pids(house)[former] == pid, "it goes on living"
    async with citizen(house, tmp_path, "+390471000302") as later:  # and takes calls as before
        await later.dial()
        await later.noted("prompt")
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_one_is_drained_and_comes_anew_while_a_third_joins(house: Installation, tmp_path: Path) -> None:
    third = house.place_controller("controller-3")
    try:
        await beating(house, 3)
        async with citizen(house, tmp_path, "+390471000601") as one:
            await one.dial()
            await one.noted("node", "ask")
            await one.phone.press(",,,12")
            await asyncio.sleep(2.5)
            former, pid = one.row.controller, one.pid()
            house.ivr("drain", former)
            await one.goes_on()
            await one.phone.press(",3456")
            await one.noted("digits")
            await one.noted("node", "payments")
            await one.phone.wait_for("CLOSED", within=30)
            assert (await one.over()).fields["code"] == "123456"
        assert one.kinds().count("continued") == one.kinds().count("digits") == 1
        if former == "controller-3":
            assert third.wait(timeout=20) == 0
        else:
            await beating(house, 3)
            assert pids(house)[former] != pid
            house.ivr("drain", "controller-3")
            assert third.wait(timeout=20) == 0
    finally:
        third.kill()
        third.wait()
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_all_are_killed_and_the_first_back_takes_the_calls(house: Installation, tmp_path: Path) -> None:
    async with citizen(house, tmp_path, "+390471000401") as one, citizen(house, tmp_path, "+390471000402") as two:
        for caller in (one, two):
            await caller.dial()
            await caller.noted("node", "ask")
        await one.phone.press(",,,12")
        await asyncio.sleep(3.0)
        for pid in pids(house).values():
            os.kill(pid, signal.SIGKILL)
        for caller in (one, two):
            await caller.noted("continued", within=20.0)
        await one.phone.press(",3456")
        await one.noted("digits")
        assert [row.detail["digits"] for row in one.journey() if row.kind == "digits"] == ["123456"]
        await two.phone.hangup()
        assert (await two.over()).fields["outcome"] == "abandoned"
        await one.phone.wait_for("CLOSED", within=30)
        assert (await one.over()).fields["code"] == "123456"
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_who_hung_up_while_nobody_listened_has_a_ticket(house: Installation, tmp_path: Path) -> None:
    async with citizen(house, tmp_path, "+390471000501") as one:
        await one.dial()
        await one.noted("node", "ask")
        for pid in pids(house).values():
            os.kill(pid, signal.SIGKILL)
        await one.phone.hangup()
        await one.over()
    await beating(house)


def present(samples: np.ndarray, hertz: float) -> list[bool]:
    """Of each half second, whether the tone is most of what is heard."""
    size = RATE // 2
    return [power(samples[at : at + size], hertz) > 0.5 for at in range(0, len(samples) - size, size)]


def gaps(samples: np.ndarray, hertz: float) -> float:
    """Seconds without the tone, of the whole but its first and last half second."""
    return present(samples, hertz)[1:-1].count(False) / 2


def longest(heard: Path, hertz: float) -> float:
    """Seconds of the longest stretch in which the tone was heard all the time."""
    samples, _ = soundfile.read(heard)
    best = now = 0
    for there in present(samples, hertz):
        now = now + 1 if there else 0
        best = max(best, now)
    return best / 2
