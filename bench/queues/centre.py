"""One contact centre under load: an installation as `ivr up` starts it, its operators, their phones, the callers."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asterisk_conf import tree
from bench.house import cpu, threads
from bench.queues.crowd import Callers, Heard, Phones
from bench.queues.history import History, Kind, read
from ivr.acd import commands, router
from ivr.acd.leadership import Decisions, Took
from ivr.acd.state import USUAL_LEVEL
from ivr.calls import phones
from ivr.cli.installation import secret
from ivr.control_room.lines import Lines
from ivr.link.client import Client
from ivr.link.messages import LinkError, Refused
from ivr.store import controllers, operators
from ivr.store.database import Database
from tests.live.conftest import OPEN, Installation

FLOWS = Path(__file__).parent / "flows"
# What the numbers of `flows/` stand for, and how often of a hundred they are dialled.
KINDS = {
    "+390600000011": (Kind("tax", ("it",)), 60),
    "+390600000012": (Kind("tax", ("de",)), 10),
    "+390600000013": (Kind("tax", ("it", "rates>=4")), 10),
    "+390600000014": (Kind("tax", ("it",), 1), 5),
    "+390600000015": (Kind("send", ("it",)), 15),
}
WRAP_UP = 2.0  # as in flows/queues.yaml
RING = 0.5
ARRIVALS = 20.0
NOTICE = 4.0  # seconds until the last of them waits
PATIENCE = 15.0
BACK = 5.0  # seconds after which they look whether an offer that they missed has made them pause
DRAIN = 90.0  # seconds after the last call has come
# Two RTP ports and as many sockets a call: more than the 800 ports that an installation has by itself.
RTP = (10_000, 13_999)


@dataclass(frozen=True)
class Load:
    """`rate`: calls a second, for `seconds`, after `waiting` others. `impatient`: the part of callers who hang up."""

    operators: int
    waiting: int
    rate: float
    seconds: float
    controllers: int
    impatient: float
    seed: int

    @property
    def calls(self) -> int:
        return self.waiting + round(self.rate * self.seconds)

    @property
    def arrivals(self) -> float:
        """Calls a second, of those that wait before the operators come."""
        return min(ARRIVALS, self.rate * 5)

    @property
    def talk(self) -> float:
        """Seconds from answer to hang-up, so that the operators can take a little more than what comes."""
        return 0.97 * self.operators / self.rate - RING - WRAP_UP

    @property
    def numbers(self) -> list[str]:
        shares = [share for _, share in KINDS.values()]
        return random.Random(self.seed).choices(list(KINDS), shares, k=self.calls)


@dataclass(frozen=True)
class Result:
    """`cpu`: seconds of CPU by process during `seconds` of load, in which `served` conversations began. `placed`: calls
    that were answered; `failed`: those that went otherwise than callers expect; `refused`: by 503, because there were
    too many. `errors`: what the controllers logged.
    """

    history: History
    phones: Sequence[Heard]
    callers: Sequence[Heard]
    took: Mapping[str, Took]
    cpu: Mapping[str, float]
    seconds: float
    served: int
    placed: int
    failed: int
    refused: int
    errors: Counter[str]


async def run(load: Load, folder: Path) -> Result:
    first, last = map(str, RTP)
    settings = {
        "CONTROLLERS__COUNT": str(load.controllers), "FLOWS__FOLDER": str(FLOWS),
        "ADMISSION__REFUSE": "503", "ADMISSION__WAITING": str(2 * load.waiting),  # so many are to wait
        "PORTS__RTP_FIRST": first, "PORTS__RTP_LAST": last,
    }  # fmt: skip
    house = Installation(folder / "data", OPEN, **settings)
    house.data.mkdir()
    await asyncio.to_thread(house.start)
    try:
        result = await _under_load(load, folder, house)
    finally:
        await asyncio.to_thread(house.stop)
    return result


async def _under_load(load: Load, folder: Path, house: Installation) -> Result:
    settings, got = house.settings, tree.ensure(print)
    database = Database(settings.database_url)
    codes = _employ(database, load)
    passwords = {code: phones.password(secret(settings, "phones"), code) for code in codes}
    await asyncio.sleep(3 + load.operators / 50)  # the controllers tell Asterisk of the phones
    link, server = secret(settings, "link"), settings.ports.sip
    async with (
        Phones(got, folder, server, passwords, RING, load.talk) as at_work,
        Callers(got, folder, server, load.numbers, load.impatient, PATIENCE) as callers,
        Lines(database, link) as lines,
    ):
        for code in codes:
            await lines.ask_floor(commands.Ready(code, "api"), commands.Stands)
            await lines.ask_floor(commands.Pause(code, "bench", "api"), commands.Stands)
        early = await callers.place("early", 0, load.waiting, load.arrivals)
        await asyncio.sleep(load.waiting / load.arrivals + NOTICE)
        async with asyncio.timeout(DRAIN):  # Asterisk asks each phone whether it is there
            while any(one["state"] != "paused" for one in house.status()["operators"]):
                await asyncio.sleep(1)
        pids = {"asterisk": house.status()["asterisk"]["pid"], "phones (SIPp)": at_work.pid}
        pids |= {one["id"]: one["pid"] for one in house.status()["controllers"]}
        later = await callers.place("later", load.waiting, load.calls - load.waiting, load.rate)
        pids["callers (SIPp)"] = later.pid
        before, begun, at = _cpu(pids), time.monotonic(), time.time()
        for code in codes:
            await lines.ask_floor(commands.Ready(code, "api"), commands.Stands)
        missed = asyncio.create_task(_come_back(database, lines))
        await asyncio.sleep(load.seconds)
        used = {name: seconds - before.get(name, 0.0) for name, seconds in _cpu(pids).items()}
        seconds = time.monotonic() - begun
        took = await _took(database, link)
        with suppress(TimeoutError):  # who is still there then is found by the promises
            async with asyncio.timeout(DRAIN):
                await asyncio.gather(early.wait(), later.wait())
        await asyncio.sleep(WRAP_UP + 2)
        missed.cancel()
        for code in codes:
            await lines.ask_floor(commands.SignOut(code, "api"), commands.Stands)
        await asyncio.sleep(WRAP_UP + 3)  # the last tickets
        heard = at_work.heard()
    counts = [callers.counts(name) for name in ("early", "later")]
    history = read(database, {number: kind for number, (kind, _) in KINDS.items()}, USUAL_LEVEL)
    served = sum(at <= talk.begin < at + seconds for way in history.ways.values() for talk in way.talks)
    refused = callers.refused("early", "later")
    good, bad = (sum(count) for count in zip(*counts, strict=True))
    return Result(
        history,
        heard,
        callers.heard("early", "later"),
        took,
        used,
        seconds,
        served,
        good + bad - refused,
        bad,
        refused,
        _errors(settings.logs),
    )


async def _come_back(database: Database, lines: Lines) -> None:
    while True:
        await asyncio.sleep(BACK)
        with database.read() as session:
            missed = [one.code for one in operators.presences(session) if one.reason == router.MISSED]
        for code in missed:
            with suppress(Refused, LinkError):  # gone as well, or an overloaded machine: the next time
                await lines.ask_floor(commands.Ready(code, "phone"), commands.Stands)


def _cpu(pids: Mapping[str, int]) -> dict[str, float]:
    """Seconds of CPU, of a controller by thread as well. SIPp ends when its last caller has hung up."""
    used = {}
    for name, pid in pids.items():
        with suppress(FileNotFoundError):
            used[name] = cpu(pid)
        if name.startswith("controller"):
            used |= {f"  {thread}, {name}": seconds for thread, seconds in threads(pid).items()}
    return used


async def _took(database: Database, token: str) -> dict[str, Took]:
    """Of each controller that has decided anything."""
    with database.read() as session:
        there = controllers.alive(session, datetime.now(UTC))
    took = {}
    for one in there:
        async with Client(one.address, token) as client:
            answer: Took = await client.ask(Decisions(), Took)
            took |= {one.id: answer} if answer.number else {}
    return took


def _errors(logs: Path) -> Counter[str]:
    lines = (json.loads(line) for log in logs.glob("controller-*.log") for line in log.read_text().splitlines())
    return Counter(line["message"][:100] for line in lines if line["level"] in ("error", "critical"))


def _employ(database: Database, load: Load) -> list[str]:
    """Operators with one to three skills, in one queue or in all. Everybody speaks Italian."""
    chance, now = random.Random(load.seed), datetime.now(UTC)
    codes = [str(1000 + number) for number in range(load.operators)]
    with database.transaction() as session:
        for number, code in enumerate(codes):
            languages = ["it", "de"] if number % 3 == 0 else ["it"]
            skills = {"rates": chance.randint(4, 9)} if number % 4 == 0 else {}
            queues = ["all"] if number % 2 == 0 else ["tax"] if number % 4 == 1 else ["tax", "send"]
            operators.add(session, code, f"Operator {code}", languages, queues, now, skills)
    return codes
