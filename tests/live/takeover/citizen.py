"""Callers, operators and controllers of the tests beside: what was heard, what the store has of a call."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import soundfile
from sqlalchemy import select

from asterisk_conf import tree
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
from ivr.store.schema import Call, Controller, JourneyEntry, Recording, Ticket
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
        """Empty as long as the call is not written: it is answered first."""
        with self.store.read() as session:
            call = session.scalars(select(Call).where(Call.caller == self.number)).one_or_none()
            return calls.journey(session, call.id) if call else []

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

    async def keys_the_code(self, rest: str) -> None:
        """What is left of it; as nobody is at work, the call ends then, and the ticket has all of it."""
        await self.phone.press(rest)
        await self.noted("digits")
        await self.noted("node", "payments")
        await self.phone.wait_for("CLOSED", within=30)
        assert (await self.over()).fields["code"] == "123456"

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
async def citizen(
    house: Installation, folder: Path, number: str, hertz: float = 1000.0, encrypted: bool = False
) -> AsyncIterator[Citizen]:
    sip, ports = house.settings.sip, house.settings.ports
    account = Account(number, sip.listen, ports.sips if encrypted else ports.sip, encrypted=encrypted)
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


async def recordings(one: Citizen) -> list[Recording]:
    """Of the call, once there are any."""
    async with asyncio.timeout(30):
        while True:
            with one.store.read() as session:
                found = list(session.scalars(select(Recording).where(Recording.call_id == one.row.id)))
            if found:
                return found
            await asyncio.sleep(0.3)


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
