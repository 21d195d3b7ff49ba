"""Operators' and supervisors' commands about live calls, given over the controllers' link: who hears whom is measured,
each party saying a tone of its own. The phones stay on through all tests, in one event loop."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soundfile
from sqlalchemy import select

from asterisk_conf import tree
from ivr.acd.commands import Pause, Ready, SignIn, SignOut, Stands
from ivr.calls import commands as c
from ivr.calls import phones
from ivr.cli.desk import account_of
from ivr.cli.installation import library as open_library
from ivr.cli.installation import secret
from ivr.flow.builtin import builtin_say
from ivr.flow.loader import load as load_flows
from ivr.link.client import Client
from ivr.link.messages import Refused
from ivr.phone.hearing import likeness
from ivr.phone.phone import Account, Phone
from ivr.prompts.library import Library
from ivr.store import calls, operators
from ivr.store.database import Database
from ivr.store.schema import AuditEntry, JourneyEntry
from tests.live.conftest import OPEN, Installation
from tests.live.sound import RATE, power, tone

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER, CITIZEN = "+390600000009", "+390471000999"
ANNA, BRUNO, CARLA, EARLY = "4271", "4272", "4280", "4290"
NAMES = {ANNA: "Anna", BRUNO: "Bruno", CARLA: "Carla", EARLY: "Dora"}
TONES = {CITIZEN: 1013.0, ANNA: 463.0, BRUNO: 739.0, CARLA: 1709.0, EARLY: 2203.0}
OTHER = frozenset({"other"})  # music and prompts
MARGIN = 0.7  # seconds at a stretch's begin and end that are not looked at
FLOW = f"""
ivr: 1
languages: [it]
numbers: ["{NUMBER}"]
start: recorded
prompts:
  recorded: {{notice: recording, it: "La telefonata sarà registrata."}}
  nobody: {{it: "Nessun operatore è collegato."}}
  clear: {{it: "Da uno a cinque, quanto è stata chiara la risposta?"}}
nodes:
  recorded: {{play: recorded, next: payments}}
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
QUEUES = "payments: {ring: 9s, wrap_up: 30s}\nprivacy: {ring: 9s, wrap_up: 30s}\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    flows = tmp_path_factory.mktemp("flows")
    (flows / "talk.flow.yaml").write_text(FLOW, "utf-8")
    (flows / "queues.yaml").write_text(QUEUES, "utf-8")
    one = Installation(tmp_path_factory.mktemp("house"), OPEN, FLOWS__FOLDER=str(flows))
    one.start()
    try:
        for code, name in NAMES.items():
            one.ivr("operators", "add", code, "--name", name, "--languages", "it", "--queues", "all")
        yield one
    finally:
        assert one.stop() == 0


class Stage:
    """The phones, a link to the controller, and the store. `call`: the newest call's id."""

    link: Client  # of one scene: while sounds are looked at, nobody would answer its pings

    def __init__(self, house: Installation, on: dict[str, Phone]) -> None:
        self.house, self.on, self.store = house, on, Database(house.settings.database_url)
        self.call = ""

    # Who does what

    async def at_work(self, *codes: str) -> None:
        """These are ready, the first the one who has been so for the longest; nobody else is at work."""
        for code in NAMES:
            await self.link.ask(SignOut(code, "test"), Stands)
        for code in codes:
            await self.link.ask(SignIn(code, phones.account(code), "test"), Stands)

    async def dial(self) -> None:
        await self.on[CITIZEN].dial(NUMBER)
        await self.on[CITIZEN].wait_for("ESTABLISHED", within=10)
        with self.store.read() as session:
            self.call = calls.live(session)[0].id

    async def answer(self, code: str) -> None:
        await self.on[code].wait_for("INCOMING", within=25)
        await self.on[code].answer()
        await self.on[code].wait_for("ESTABLISHED", within=5)

    async def speak(self, code: str) -> None:
        """The citizen calls, and speaks with this operator."""
        await self.dial()
        await self.answer(code)
        await self.noted("connected")

    async def consult(self, code: str, other: str) -> None:
        """The citizen calls and speaks with the one, who then asks the other."""
        await self.speak(code)
        await self.give(c.Consult, code, operator=other)
        await self.answer(other)
        await self.noted("consulted")

    async def hang_up(self, name: str) -> None:
        await self.on[name].hangup()
        await self.on[name].wait_for("CLOSED", within=5)

    async def give(self, kind: type[c.Command], by: str = ANNA, **rest: object) -> None:
        await self.link.ask(kind(self.call, by, **rest), c.Done, within=15.0)

    async def dispose(self, code: str, key: str = "1") -> None:
        """The operator is asked for the outcome, and gives it with one key."""
        await self.on[code].press(f",{key}")
        await self.on[code].wait_for("CLOSED", within=10)

    async def answer_survey(self) -> None:
        await self.noted("node", 3)  # the notice, the queue, the survey
        await self.on[CITIZEN].press(",,5")
        await self.on[CITIZEN].wait_for("CLOSED", within=30)

    async def stretch(self, seconds: float = 2.4) -> tuple[datetime, datetime]:
        """Let so much time go by; returns when it was."""
        begin = datetime.now(UTC)
        await asyncio.sleep(seconds)
        return begin, datetime.now(UTC)

    # What has happened

    async def noted(self, kind: str, times: int = 1, within: float = 25.0) -> None:
        async with asyncio.timeout(within):
            while self.kinds().count(kind) < times:  # noqa: ASYNC110 it is another process's event
                await asyncio.sleep(0.2)

    def kinds(self) -> list[str]:
        return [row.kind for row in self.journey()]

    def journey(self) -> list[JourneyEntry]:
        with self.store.read() as session:
            return calls.journey(session, self.call)

    def stands(self, code: str) -> tuple[str, str]:
        with self.store.read() as session:
            return next((row.state, row.reason) for row in operators.presences(session) if row.code == code)

    async def becomes(self, code: str, state: str, reason: str = "") -> None:
        async with asyncio.timeout(15):
            while self.stands(code) != (state, reason):  # noqa: ASYNC110 as above
                await asyncio.sleep(0.2)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(house: Installation, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    settings, folder = house.settings, tmp_path_factory.mktemp("phones")
    where = settings.sip.listen, settings.ports.sip
    async with AsyncExitStack() as stack:
        on = {}
        for name, hertz in TONES.items():
            account = Account(CITIZEN, *where)
            if name in NAMES:
                account = replace(account_of(settings, name), early=name == EARLY)
            said = tone(folder / f"{name}.wav", hertz, 300)
            on[name] = Phone(tree.ensure(print), account, folder=folder / name, talk=said)
            await stack.enter_async_context(on[name])
            if name in NAMES:
                await on[name].registered(within=10)
        yield Stage(house, on)


@asynccontextmanager
async def scene(stage: Stage, *at_work: str) -> AsyncIterator[Stage]:
    """One call, of which nothing is left in Asterisk when it is over."""
    settings = stage.house.settings
    async with Client(f"127.0.0.1:{settings.ports.link_first}", secret(settings, "link")) as stage.link:
        await stage.at_work(*at_work)
        try:
            yield stage
        except TimeoutError:
            told = f"{stage.kinds()}\n{stage.house.log()[-2000:]}"
            raise AssertionError(f"it did not come so far in time: {told}") from None
    await asyncio.to_thread(stage.house.quiet, 20)
    assert "bridge" not in stage.house.asterisk("bridge show all").partition("\n")[2]


# What was heard


def sounds(samples: np.ndarray) -> frozenset[str]:
    """The parties whose tones are in it; `other` when it is none of them, and empty when it is silent."""
    if np.abs(samples).max(initial=0) < 0.003:
        return frozenset()
    return frozenset(name for name, hertz in TONES.items() if power(samples, hertz) > 0.15) or OTHER


def parts(path: Path) -> list[frozenset[str]]:
    """What was heard in each fifth of a second."""
    samples, _ = soundfile.read(path)
    size = RATE // 5
    return [sounds(samples[at : at + size]) for at in range(0, len(samples) - size, size)]


def heard_in_turn(path: Path) -> list[frozenset[str]]:
    """Who was heard, one after the other, each for a second at least."""
    heard, turns = parts(path), []
    for at in range(len(heard) - 5):
        if len(set(heard[at : at + 5])) == 1 and heard[at] and heard[at] not in turns[-1:]:
            turns.append(heard[at])
    return turns


def in_order(wanted: tuple[frozenset[str] | set[str], ...], turns: list[frozenset[str]]) -> bool:
    rest = iter(turns)
    return all(turn in rest for turn in wanted)


def seconds_of(path: Path, name: str) -> float:
    return sum(name in part for part in parts(path)) / 5


class Ears:
    """Finds prompts in what was heard."""

    def __init__(self, house: Installation) -> None:
        self._library: Library = open_library(house.settings)
        self._flow = load_flows(house.settings.flows.folder).flows["talk"]

    def code(self, heard: Path, code: str) -> bool:
        return likeness(heard, self._library.make(builtin_say("operator-code", "it", code=code))) > 0.8

    def survey(self, heard: Path) -> bool:
        return likeness(heard, self._library.make(self._flow.prompts["clear"].say("it"))) > 0.8


async def test_a_call_goes_through_hold_consult_three_and_on_to_the_other(house: Installation, stage: Stage) -> None:
    async with scene(stage, ANNA) as s:
        await s.speak(ANNA)
        at = {"talk": await s.stretch()}
        await s.give(c.Hold)
        at["hold"] = await s.stretch(3.5)
        await s.give(c.Unhold)
        at["again"] = await s.stretch()
        await s.give(c.Mute)
        at["mute"] = await s.stretch()
        await s.give(c.Mute, on=False)
        await s.give(c.PauseRecording)
        at["paused"] = await s.stretch()
        await s.give(c.PauseRecording, on=False)

        original = {"phone": phones.account(CARLA), "sound": "original"}
        await s.give(c.Supervise, by="chief", **original)
        await s.answer(CARLA)
        at["listened"] = await s.stretch()
        await s.give(c.Supervise, by="chief", **original, mode="whisper")
        at["whispered"] = await s.stretch()
        await s.give(c.Supervise, by="chief", **original, mode="off")
        await s.on[CARLA].wait_for("CLOSED", within=5)

        with pytest.raises(Refused, match="another operator has this call"):
            await s.give(c.Hold, by=BRUNO)
        with pytest.raises(Refused, match="signed-out"):
            await s.give(c.Consult, operator=BRUNO)
        await s.link.ask(SignIn(BRUNO, phones.account(BRUNO), "test"), Stands)
        await s.give(c.Consult, operator=BRUNO)
        await s.answer(BRUNO)
        await s.noted("consulted")
        at["consult"] = await s.stretch()
        await s.give(c.Return)
        at["returned"] = await s.stretch()
        await s.on[BRUNO].wait_for("CLOSED", within=10)
        await s.link.ask(SignIn(BRUNO, phones.account(BRUNO), "test"), Stands)
        await s.give(c.Consult, operator=BRUNO)
        await s.answer(BRUNO)
        await s.noted("consulted", 2)
        await s.give(c.Conference)
        at["three"] = await s.stretch()
        await s.give(c.Complete)
        at["bruno"] = await s.stretch()
        await s.dispose(ANNA, "2")
        await s.hang_up(BRUNO)
        await s.answer_survey()

    heard, both = {name: phone.heard for name, phone in s.on.items() if name != EARLY}, frozenset({ANNA, BRUNO})
    turns = heard_in_turn(heard[CITIZEN])
    assert in_order((OTHER, {ANNA}, OTHER, {ANNA}, OTHER, {ANNA}, OTHER, both, {BRUNO}, OTHER), turns), turns
    assert not any(CARLA in turn for turn in turns), "the supervisor is heard by the operator alone"
    assert next(turn for turn in turns if BRUNO in turn) == both, "nothing of the consult is heard"
    ears = Ears(house)
    assert ears.code(heard[CITIZEN], ANNA) and ears.code(heard[CITIZEN], BRUNO)
    assert ears.survey(heard[CITIZEN]), "the survey stays with the caller"
    assert seconds_of(heard[CARLA], ANNA) > 2 and seconds_of(heard[CARLA], CITIZEN) > 2
    assert 1 < seconds_of(heard[ANNA], CARLA) < 5, "the whisper, and nothing while she only listened"
    assert seconds_of(heard[ANNA], BRUNO) > 4, "both consults and the three of them"

    ticket = house.ticket_of(CITIZEN)
    assert (ticket["fields"]["operator"], ticket["type"]) == (BRUNO, "PQ")
    with s.store.read() as session:
        audited = [row.action for row in session.scalars(select(AuditEntry).where(AuditEntry.subject == s.call))]
    assert audited == ["supervise listen original", "supervise whisper original", "supervise off"]

    [recording] = [one for one in house.ivr("recordings", "list") if one["call_id"] == s.call]
    tape = house.tape(recording["id"])
    begun = next(row.at for row in s.journey() if row.kind == "connected")

    def taped(stretch: str) -> np.ndarray:
        begin, end = ((moment - begun) / timedelta(seconds=1) for moment in at[stretch])
        return tape[int((begin + MARGIN) * RATE) : int((end - MARGIN / 2) * RATE)]

    assert recording["complete"]
    for stretch in ("hold", "paused", "consult"):
        assert np.abs(taped(stretch)).max() < 0.003, stretch
    for stretch, names in {"talk": {ANNA}, "again": {ANNA}, "mute": set(), "listened": {ANNA}, "whispered": {ANNA},
                           "returned": {ANNA}, "three": both, "bruno": {BRUNO}}.items():  # fmt: skip
        assert power(taped(stretch)[:, 0], TONES[CITIZEN]) > 0.9, stretch
        assert sounds(taped(stretch)[:, 1]) == names, stretch


async def test_the_caller_leaves_in_a_consult(stage: Stage) -> None:
    async with scene(stage, ANNA, BRUNO) as s:
        await s.consult(ANNA, BRUNO)
        await s.hang_up(CITIZEN)
        await s.on[BRUNO].wait_for("CLOSED", within=5)
        with pytest.raises(Refused, match=r"no such call|nobody is speaking"):
            await s.give(c.Hold)
        await s.dispose(ANNA)
        assert s.stands(ANNA) == ("ready", "")


async def test_an_operator_who_hangs_up_in_a_consult_leaves_the_call_to_the_other(stage: Stage) -> None:
    async with scene(stage, ANNA, BRUNO) as s:
        await s.consult(ANNA, BRUNO)
        await s.hang_up(ANNA)
        await s.noted("connected", 2)
        await s.stretch()
        await s.hang_up(CITIZEN)
        await s.dispose(BRUNO)
    assert heard_in_turn(s.on[CITIZEN].heard)[-1] == {BRUNO}
    assert heard_in_turn(s.on[BRUNO].heard).count(frozenset({CITIZEN})) == 1


async def test_a_call_is_transferred_and_taken_over(house: Installation, stage: Stage) -> None:
    async with scene(stage, ANNA, BRUNO) as s:
        await s.speak(ANNA)
        with pytest.raises(Refused, match="no queue"):
            await s.give(c.Transfer, queue="none")
        await s.give(c.Transfer, operator=BRUNO)
        await s.on[BRUNO].wait_for("INCOMING", within=15)
        await s.dispose(ANNA)  # and is ready again
        await s.hang_up(BRUNO)  # does not take it: the caller waits on in the queue, and Anna is next
        await s.noted("transfer-failed")
        await s.answer(ANNA)
        await s.noted("connected", 2)
        await s.stretch()
        assert s.stands(BRUNO) == ("paused", "missed")
        await s.link.ask(SignIn(BRUNO, phones.account(BRUNO), "test"), Stands)
        await s.give(c.Transfer, queue="privacy")
        await s.answer(BRUNO)
        await s.dispose(ANNA)
        await s.noted("connected", 3)
        await s.stretch()
        await s.link.ask(SignIn(CARLA, phones.account(CARLA), "test"), Stands)
        await s.give(c.TakeOver, by="chief", operator=CARLA)
        await s.answer(CARLA)
        await s.dispose(BRUNO)
        await s.noted("connected", 4)
        await s.stretch()
        await s.hang_up(CARLA)
        await s.answer_survey()
    turns = heard_in_turn(s.on[CITIZEN].heard)
    assert in_order((OTHER, {ANNA}, OTHER, {BRUNO}, OTHER, {CARLA}, OTHER), turns), turns
    ears = Ears(house)
    assert ears.code(s.on[CITIZEN].heard, CARLA) and ears.survey(s.on[CITIZEN].heard)
    with s.store.read() as session:
        row = calls.get(session, s.call)
        assert row is not None and (row.queue, row.operator, row.outcome) == ("privacy", CARLA, "served")
        assert len(calls.survey(session, s.call)) == 1
    tapes = [one for one in house.ivr("recordings", "list") if one["call_id"] == s.call]
    assert len(tapes) == 4
    for one, code in zip(sorted(tapes, key=lambda one: str(one["id"])), (ANNA, ANNA, BRUNO, CARLA), strict=True):
        samples = house.tape(one["id"])
        if len(samples) > 2 * RATE:
            assert sounds(samples[RATE : 2 * RATE, 1]) == {code}, "each one's voice is on tape"


async def test_an_offer_that_was_taken_back_does_not_end_the_next_one(stage: Stage) -> None:
    """Asterisk is slow to end the ringing; the same operator has the same call's next offer by then."""
    asterisk = stage.house.status()["asterisk"]["pid"]
    async with scene(stage, ANNA) as s:
        await s.dial()
        await s.on[ANNA].wait_for("INCOMING", within=15)
        os.kill(asterisk, signal.SIGSTOP)
        try:
            await s.link.ask(Pause(ANNA, "break", "test"), Stands)
            await s.link.ask(Ready(ANNA, "test"), Stands)
            await s.noted("offer", 2)
            await asyncio.sleep(0.5)
        finally:
            os.kill(asterisk, signal.SIGCONT)
        await s.on[ANNA].wait_for("CLOSED", within=5)
        await s.answer(ANNA)
        await s.noted("connected")
        assert s.stands(ANNA) == ("talking", "")
        await s.hang_up(CITIZEN)
        await s.dispose(ANNA)
    assert [kind for kind in s.kinds() if kind.startswith("offer")] == ["offer", "offer-withdrawn", "offer"]


async def test_an_answer_counts_when_it_is_one(stage: Stage) -> None:
    """Early media is none. Who hangs up before the conversation has missed it. Who answers as the caller hangs up is
    ready again at once."""
    async with scene(stage, EARLY, ANNA, BRUNO) as s:
        await s.dial()
        await s.on[EARLY].wait_for("INCOMING", within=15)
        await s.becomes(EARLY, "offered")
        await s.on[EARLY].wait_for("CLOSED", within=20)
        assert "operator-answered" not in s.kinds()
        await s.becomes(EARLY, "paused", "missed")
        await s.answer(ANNA)
        await s.noted("operator-answered")
        await s.hang_up(ANNA)
        await s.answer(BRUNO)
        await s.hang_up(CITIZEN)
        await s.on[BRUNO].wait_for("CLOSED", within=5)
        await s.becomes(BRUNO, "ready")
        assert s.stands(ANNA) == ("paused", "missed")
    assert "connected" not in s.kinds() and s.kinds().count("offer-missed") == 2
    assert seconds_of(s.on[CITIZEN].heard, EARLY) == 0


async def test_a_phone_is_rung_anew_only_when_the_call_before_has_left_it(stage: Stage) -> None:
    async with scene(stage, ANNA) as s:
        impatient = s.house.place(NUMBER, "--from", "+390699999977", "--for", "60")
        try:
            await s.on[ANNA].wait_for("INCOMING", within=25)
            await s.on[CITIZEN].dial(NUMBER)
            await s.on[CITIZEN].wait_for("ESTABLISHED", within=10)
            with s.store.read() as session:
                s.call = next(one.id for one in calls.live(session) if one.caller != "+390699999977")
            await s.noted("queue")
        finally:
            impatient.send_signal(signal.SIGINT)
        told = [(await s.on[ANNA].wait_for("INCOMING", "CLOSED", within=10)).type for _ in range(2)]
        assert told == ["CLOSED", "INCOMING"]
        await s.on[ANNA].answer()
        await s.noted("connected")
        await s.hang_up(CITIZEN)
        await s.dispose(ANNA)
    assert await asyncio.to_thread(impatient.wait, 20) is not None
