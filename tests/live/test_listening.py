"""A supervisor listens to a live call: what is said is heard a second later, from other voices; the whisper is heard by
the operator alone; and when the voices cannot be changed any more, nothing is heard."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from asterisk_conf import tree
from bench.recorded import CITIZEN, NUMBER, OPERATOR, installation
from ivr.acd.commands import SignIn, Stands
from ivr.calls import commands as c
from ivr.calls import phones
from ivr.cli.desk import account_of
from ivr.cli.installation import secret
from ivr.link.client import Client
from ivr.phone.hearing import RATE, likeness
from ivr.phone.phone import Account, Phone
from ivr.store import calls
from ivr.store.database import Database
from tests.anonymizer.conftest import CITIZEN as QUESTIONS
from tests.anonymizer.conftest import OPERATOR as ANSWERS
from tests.anonymizer.conftest import spoken
from tests.live.conftest import Installation
from tests.live.sound import power, tone

CHIEF = "4272"
HERTZ = 1709.0
HEARD = 15.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("house")) as one:
        one.ivr("operators", "add", CHIEF, "--name", "Carla", "--languages", "it", "--queues", "all")
        yield one


def talk(path: Path, sentences: tuple[tuple[str, str], ...]) -> Path:
    """Over and over."""
    soundfile.write(path, np.tile(spoken(sentences), 12), RATE, subtype="PCM_16")
    return path


async def listened(house: Installation, folder: Path) -> dict[str, Path]:
    """What each phone heard. The supervisor listens, whispers, and then the voices fail."""
    settings = house.settings
    line = Account(CITIZEN, settings.sip.listen, settings.ports.sip)
    accounts = {"citizen": line} | {name: account_of(settings, name) for name in (OPERATOR, CHIEF)}
    talks = {
        "citizen": talk(folder / "citizen.wav", QUESTIONS),
        OPERATOR: talk(folder / "operator.wav", ANSWERS),
        CHIEF: tone(folder / "chief.wav", HERTZ, 120),
    }
    async with AsyncExitStack() as stack:
        on = {name: Phone(tree.ensure(print), replace(account), folder=folder / name, talk=talks[name])
              for name, account in accounts.items()}  # fmt: skip
        for name, phone in on.items():
            await stack.enter_async_context(phone)
            if name != "citizen":
                await phone.registered(within=20)
        link = await stack.enter_async_context(
            Client(f"127.0.0.1:{settings.ports.link_first}", secret(settings, "link"))
        )
        await link.ask(SignIn(OPERATOR, phones.account(OPERATOR), "test"), Stands)
        await on["citizen"].dial(NUMBER)
        await on[OPERATOR].wait_for("INCOMING", within=30)
        await on[OPERATOR].answer()
        store = Database(settings.database_url)

        def kinds() -> list[str]:
            with store.read() as session:
                return [row.kind for row in calls.journey(session, calls.live(session)[0].id)]

        await asyncio.to_thread(house.until, lambda: "connected" in kinds(), 30)
        with store.read() as session:
            call = calls.live(session)[0].id

        async def supervise(mode: str) -> None:
            await link.ask(c.Supervise(call, "carla", phones.account(CHIEF), mode=mode), c.Done, within=15.0)  # type: ignore[arg-type]

        await supervise("listen")
        await on[CHIEF].wait_for("INCOMING", within=10)
        await on[CHIEF].answer()
        await asyncio.sleep(HEARD)
        await supervise("whisper")
        await asyncio.sleep(4)
        os.kill(json.loads(settings.state_file.read_text())["listening"], signal.SIGKILL)
        await on[CHIEF].wait_for("CLOSED", within=10)
        await asyncio.to_thread(house.until, lambda: house.channels() == 2)  # the conversation goes on
        await on["citizen"].hangup()
        await asyncio.sleep(1)
        await on[OPERATOR].hangup()
        await asyncio.sleep(1)
        return {name: phone.heard for name, phone in on.items()}


def loudness(samples: np.ndarray) -> np.ndarray:
    steps = np.sqrt(np.square(samples[: len(samples) // 160 * 160].reshape(-1, 160)).mean(axis=1))
    return steps


def test_the_words_without_the_voices(house: Installation, tmp_path: Path) -> None:
    heard = asyncio.run(listened(house, tmp_path))
    samples, _ = soundfile.read(heard[CHIEF])
    assert np.count_nonzero(loudness(samples) > 0.005) * 0.02 > HEARD / 2, "both speak all the time"
    for name, sentences in (("question", QUESTIONS), ("answer", ANSWERS)):
        said = tmp_path / f"{name}.wav"
        soundfile.write(said, spoken(sentences), RATE, subtype="PCM_16")
        party = heard[OPERATOR if name == "question" else "citizen"]
        assert likeness(party, said) > likeness(heard[CHIEF], said) + 0.15, "only they hear each other as they are"
        assert likeness(heard[CHIEF], said) < 0.4
    operator, _ = soundfile.read(heard[OPERATOR])
    citizen, _ = soundfile.read(heard["citizen"])
    whispered = [power(operator[at : at + RATE], HERTZ) > 0.1 for at in range(0, len(operator) - RATE, RATE)]
    assert 2 <= sum(whispered) <= 6, "the operator hears the whisper, and nothing while she only listened"
    assert not any(power(citizen[at : at + RATE], HERTZ) > 0.1 for at in range(0, len(citizen) - RATE, RATE))
