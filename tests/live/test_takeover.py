"""Two controllers on one real Asterisk, callers on real SIP; the controller that has the call is killed, or hangs.

What is looked at: what the caller heard, the call's journey, and that there is one ticket and nothing left over.
"""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path

import aiohttp
import numpy as np
import pytest
import soundfile
from sqlalchemy import select

from asterisk_conf import tree
from asterisk_conf.render import APP_PREFIX, ARI_USER
from ivr.ari import ids
from ivr.calls import commands as c
from ivr.cli.desk import account_of
from ivr.cli.installation import library as open_library
from ivr.cli.installation import secret
from ivr.cli.status import status
from ivr.flow.loader import load as load_flows
from ivr.link.client import Client
from ivr.phone.hearing import likeness
from ivr.phone.phone import Account, Phone
from ivr.store import calls
from ivr.store.database import Database
from ivr.store.schema import Call, CallbackRequest, Controller, JourneyEntry, Recording, SurveyAnswer, Ticket
from tests.live.conftest import Installation
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
# What goes on without a queue.
OTHER_NUMBER, OUTSIDE, BRUNO = "+390600000010", "+390699999901", "4272"
OTHER_FLOW = f"""
ivr: 1
languages: [it]
numbers: ["{OTHER_NUMBER}"]
start: choose
prompts:
  choose: {{notice: recording, it: "La telefonata sarà registrata. Scelga."}}
  speak: {{it: "Lasci un messaggio dopo il segnale."}}
  reached: {{it: "La conversazione fuori è terminata."}}
nodes:
  choose: {{menu: {{prompt: choose, choices: {{1: message, 2: outside, 3: call-me}}, timeout: 10s}}, otherwise: end}}
  message: {{voicemail: {{prompt: speak, max: 60s, queue: payments}}, next: end}}
  outside: {{transfer: {{to: "{OUTSIDE}", timeout: 15s}}, next: reached, otherwise: end}}
  reached: {{play: reached, next: end}}
  call-me: {{callback: {{queue: payments}}, next: end}}
  end: {{hangup: normal}}
"""
QUEUES = "payments: {ring: 15s, wrap_up: 2s}\n"


def _house(data: Path, count: int) -> Installation:
    flows = data / "designers"
    flows.mkdir()
    (flows / "line.flow.yaml").write_text(FLOW, "utf-8")
    (flows / "other.flow.yaml").write_text(OTHER_FLOW, "utf-8")
    (flows / "queues.yaml").write_text(QUEUES, "utf-8")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        trunk = probe.getsockname()[1]
    return Installation(
        data, CONTROLLERS__COUNT=str(count), FLOWS__FOLDER=str(flows), RECORDINGS__SPEECH="false",
        SIP__TRUNK_TO=f"127.0.0.1:{trunk}", CALLBACKS__AGAIN="1,1", CALLBACKS__LEAST="1",
    )  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    one = _house(tmp_path_factory.mktemp("house"), 2)
    one.start()
    try:
        for code, name in ((ANNA, "Anna"), (BRUNO, "Bruno")):
            one.ivr("operators", "add", code, "--name", name, "--languages", "it", "--queues", "all")
        time.sleep(2.5)  # controllers look for new operators each second
        yield one
    finally:
        assert one.stop() == 0


class Citizen:
    """One caller, and their call as the store has it."""

    def __init__(self, house: Installation, phone: Phone, number: str) -> None:
        self.house, self.phone, self.number = house, phone, number
        self.store = Database(house.settings.database_url)

    async def dial(self, number: str = NUMBER) -> None:
        await self.phone.dial(number)
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

    async def give(self, kind: type[c.Command], by: str, **rest: object) -> None:
        """A command of an operator, to the controller that has the call."""
        with self.store.read() as session:
            address = session.get_one(Controller, self.row.controller).address
        async with Client(address, secret(self.house.settings, "link")) as link:
            await link.ask(kind(self.row.id, by, **rest), c.Done, within=15.0)

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
            found = await asyncio.to_thread(house.ivr, "controllers", ok=False)
            there = {one["id"]: one["pid"] for one in found if one["answers"]}
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
async def anna(house: Installation, folder: Path, code: str = ANNA) -> AsyncIterator[Phone]:
    """At work, until the end of it."""
    said = tone(folder / f"{code}.wav", 440.0, 120)
    account = account_of(house.settings, code)
    async with Phone(tree.ensure(print), account, folder=folder / code, talk=said) as phone:
        await phone.registered(within=10)
        await asyncio.to_thread(house.ivr, "operators", "state", code, "ready")
        try:
            yield phone
        finally:
            await asyncio.to_thread(house.ivr, "operators", "state", code, "signed-out")


@asynccontextmanager
async def outside(house: Installation, folder: Path) -> AsyncIterator[Phone]:
    """A phone behind the trunk."""
    port = int(house.settings.sip.trunk_to.rpartition(":")[2])
    account = Account(OUTSIDE, "127.0.0.1", house.settings.ports.sip, listen=port)
    said = tone(folder / "outside.wav", 600.0, 120)
    async with Phone(tree.ensure(print), account, folder=folder / "outside", talk=said) as phone:
        yield phone


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


async def test_a_message_a_transfer_and_a_consult_go_on(house: Installation, tmp_path: Path) -> None:
    """Both controllers are killed, one after the other: each of the three calls is taken over."""
    async with AsyncExitStack() as stack:
        operator, there = [
            await stack.enter_async_context(one) for one in (anna(house, tmp_path), outside(house, tmp_path))
        ]
        said, sent, asks = [
            await stack.enter_async_context(citizen(house, tmp_path, f"+39047100070{number}")) for number in range(3)
        ]
        await asks.to_the_queue()
        await operator.wait_for("INCOMING", within=30)
        await operator.answer()
        await asks.noted("connected")
        other = await stack.enter_async_context(anna(house, tmp_path, BRUNO))
        await asks.give(c.Consult, ANNA, operator=BRUNO)
        for one, key in ((said, "1"), (sent, "2")):
            await one.dial(OTHER_NUMBER)
            await one.noted("prompt")
            await one.phone.press(f",{key}")
        await other.wait_for("INCOMING", within=20)
        await other.answer()
        await there.wait_for("INCOMING", within=20)
        await there.answer()
        for one, kind in ((asks, "consulted"), (sent, "transfer-answered"), (said, "voicemail")):
            await one.noted(kind)
        await asyncio.sleep(4.0)
        for name, pid in sorted(pids(house).items()):
            theirs = [(one, one.kinds().count("continued")) for one in (said, sent, asks) if one.row.controller == name]
            os.kill(pid, signal.SIGKILL)
            for one, before in theirs:
                await one.noted("continued", times=before + 1, within=5.0)
            await beating(house)
        assert all("continued" in one.kinds() for one in (said, sent, asks))
        await other.wait_for("CLOSED", within=5)  # whoever is asked is let go
        await asks.give(c.Unhold, ANNA)
        await asyncio.sleep(2.0)
        await said.phone.hangup()
        await there.hangup()
        await operator.hangup()
        await sent.noted("node", "reached")
        await sent.phone.wait_for("CLOSED", within=15)
        await asks.noted("node", "satisfaction")
        await asks.phone.press(",,,4")
        message, reached, served = [await one.over() for one in (said, sent, asks)]
        assert message.fields["outcome"] == "voicemail"
        assert reached.fields["outcome"] == served.fields["outcome"] == "served"
        recording = (await recordings(said))[0]
        assert recording.kind == "message" and recording.complete
        assert recording.seconds > 8.0 and gaps(house.tape(recording.id)[:, 0], 1000.0) == 0.0
        assert all(one.kinds().count("ended") == 1 for one in (said, sent, asks))
    assert longest(there.heard, 1000.0) > 6.0, "outside they were heard all the time"
    assert longest(operator.heard, 1000.0) > 1.0, "after the hold"
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_a_callback_that_rang_is_rung_again(house: Installation, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(outside(house, tmp_path))
        one = await stack.enter_async_context(citizen(house, tmp_path, OUTSIDE))
        await one.dial(OTHER_NUMBER)
        await one.noted("prompt")
        await one.phone.press(",3")
        assert (await one.over()).fields["outcome"] == "callback"
        wish = one.row.id
        operator = await stack.enter_async_context(anna(house, tmp_path))
        await operator.wait_for("INCOMING", within=20)
        await operator.answer()
        await there.wait_for("INCOMING", within=20)
        with one.store.read() as session:
            claimed = session.get_one(CallbackRequest, wish).holder
        os.kill(pids(house)[claimed], signal.SIGKILL)
        await there.wait_for("CLOSED", within=5)
        for phone in (operator, there):
            await phone.wait_for("INCOMING", within=60)
            await phone.answer()
        spoken = select(JourneyEntry).join(Call).where(Call.callback_of == wish, JourneyEntry.kind == "connected")
        async with asyncio.timeout(20):
            while True:
                with one.store.read() as session:
                    if session.scalars(spoken).all():
                        break
                await asyncio.sleep(0.3)
        await asyncio.sleep(1.5)
        await there.hangup()
        await operator.wait_for("CLOSED", within=15)
    shown = await asyncio.to_thread(house.ivr, "callbacks", "show", wish)
    assert (shown["state"], [one["result"] for one in shown["rung"]]) == ("done", ["lost", "spoken"])
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_one_that_alone_loses_asterisk_leaves_its_calls_to_the_others(
    house: Installation, tmp_path: Path
) -> None:
    """Its commands and events go through a relay, which is cut."""
    async with Relay(house.settings.ports.ari) as relay:
        third = house.place_controller("controller-3", PORTS__ARI=str(relay.port))
        try:
            await beating(house, 3)
            async with citizen(house, tmp_path, "+390471000801") as one:
                others = [pid for name, pid in pids(house).items() if name != "controller-3"]
                for pid in others:
                    os.kill(pid, signal.SIGSTOP)
                try:
                    await one.dial()
                finally:
                    for pid in others:
                        os.kill(pid, signal.SIGCONT)
                await one.noted("node", "ask")
                assert one.row.controller == "controller-3"
                await one.phone.press(",,,12")
                await asyncio.sleep(3.5)
                relay.cut()
                took = await one.goes_on()
                print(f"after its controller has lost Asterisk, a call goes on elsewhere after {took:.2f} s")
                assert took < 2.5 and one.row.controller != "controller-3"
                relay.mend()
                await one.phone.press(",3456")
                await one.noted("digits")
                await one.noted("node", "payments")
                await one.phone.wait_for("CLOSED", within=30)
                assert (await one.over()).fields["code"] == "123456"
            kinds = one.kinds()
            assert kinds.count("digits") == kinds.count("continued") == kinds.count("ended") == 1
            await beating(house, 3)
            await asyncio.to_thread(house.ivr, "drain", "controller-3")
            assert await asyncio.to_thread(third.wait, 20) == 0
        finally:
            third.kill()
            third.wait()
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def test_asterisk_that_is_slow_again_and_again_costs_nothing_and_what_is_nobodys_goes(
    house: Installation, tmp_path: Path
) -> None:
    asterisk = house.status()["asterisk"]["pid"]
    nobodys = f"{ids.new_call()}-bridge-1", f"{ids.new_call()}-operator-1"
    await make(house, "bridges/" + nobodys[0], type="mixing")
    await make(
        house, "channels/create", channelId=nobodys[1], endpoint=f"PJSIP/outside/sip:1@{house.settings.sip.trunk_to}",
        app=f"{APP_PREFIX}controller-1", appArgs="resumed",
    )  # fmt: skip
    assert nobodys[0] in house.asterisk("bridge show all") and house.channels() == 1

    async def slow(seconds: float) -> None:
        os.kill(asterisk, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(asterisk, signal.SIGCONT)

    async with citizen(house, tmp_path, "+390471000901") as one:
        await one.dial()
        await one.noted("prompt")
        await asyncio.sleep(1.0)
        await slow(2.0)
        await one.noted("node", "ask", within=30)
        await slow(4.0)
        await one.phone.press(",,123456")
        await asyncio.sleep(1.0)
        await slow(2.0)
        await one.noted("node", "payments", within=40)
        await one.phone.wait_for("CLOSED", within=40)
        assert (await one.over()).fields["code"] == "123456"
    nodes = [row.node for row in one.journey() if row.kind == "node"]
    assert len(nodes) == len(set(nodes)) and one.kinds().count("digits") == one.kinds().count("ended") == 1
    house.until(lambda: nobodys[0] not in house.asterisk("bridge show all") and not house.channels(), 25)
    await asyncio.to_thread(house.quiet, 20)
    await beating(house)


async def make(house: Installation, what: str, **query: str) -> None:
    """Something that nobody knows of, in Asterisk."""
    headers = {"Authorization": aiohttp.encode_basic_auth(ARI_USER, secret(house.settings, "asterisk"))}
    url = f"http://127.0.0.1:{house.settings.ports.ari}/ari/{what}"
    async with aiohttp.ClientSession(headers=headers) as http, http.post(url, params=query) as answer:
        assert answer.status == 200, await answer.text()


async def recordings(one: Citizen) -> list[Recording]:
    """Of the call, once there are any."""
    async with asyncio.timeout(30):
        while True:
            with one.store.read() as session:
                found = list(session.scalars(select(Recording).where(Recording.call_id == one.row.id)))
            if found:
                return found
            await asyncio.sleep(0.3)


class Relay:
    """Between one controller and Asterisk. Cut, it takes connections and ends them: one that is refused would say that
    Asterisk is dead."""

    def __init__(self, to: int) -> None:
        self._to, self._whole = to, True
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "Relay":
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()

    def mend(self) -> None:
        self._whole = True

    def cut(self) -> None:
        self._whole = False
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.close()
            return
        there, to = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers |= {writer, to}
        await asyncio.gather(_pipe(reader, to), _pipe(there, writer), return_exceptions=True)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


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
