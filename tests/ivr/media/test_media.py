"""Both ends on a real link: sounds by a real library, commands about a tape as they arrive."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from ivr.ari.errors import AriError, Disconnected
from ivr.link.client import Client
from ivr.link.server import Server
from ivr.media import far
from ivr.media.far import FarLibrary, FarTape
from ivr.media.near import Near
from ivr.prompts.library import Library, PromptError
from tests.ivr.prompts.conftest import Say

TOKEN = "of-the-tests"


class Tape:
    """What it is told; a channel named `gone` is not recorded."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    async def start(self, channel: str, call: str, part: str, *, wideband: bool = False, paused: bool = False) -> None:
        if channel == "gone":
            raise AriError("MixMonitor", 404, "no such channel")
        self.told.append(("start", channel, call, part, wideband, paused))

    async def pause(self, channel: str, on: bool) -> None:
        self.told.append(("pause", channel, on))

    async def renew(self, channel: str, call: str, part: str, *, paused: bool = False) -> None:
        self.told.append(("renew", channel, call, part, paused))

    async def stop(self, channel: str, call: str, part: str) -> None:
        self.told.append(("stop", channel, call, part))

    async def keep(self, call: str, part: str, seconds: float) -> None:
        await asyncio.sleep(0.5)
        self.told.append(("keep", call, part, seconds))


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder, self.tape, self.passed = folder, Tape(), list[str]()
        self.library = Library(folder / "prompts", folder / "flows")
        self.server = Server(TOKEN)
        Near(self.library, self.tape, lambda number: folder / "flows" / str(number)).answer(self.server)

    async def passes(self, channel: str) -> None:
        self.passed.append(channel)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    one = Place(tmp_path)
    yield one
    await one.server.close()
    await one.library.close()


async def test_sounds_are_made_there_and_what_stays_is_asked_for_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far, "WITHIN", 20.0)
    ahead, value, secret = Say("Benvenuti."), Say("Il numero 471."), Say("Il codice 9913.", secret=True)
    made = place.library.make(ahead)
    studio = place.folder / "flows" / "7" / "it" / "welcome.wav"
    studio.parent.mkdir(parents=True)
    studio.write_bytes(made.read_bytes())
    async with Client(await place.server.listen(range(40000, 41000)), TOKEN) as client:
        library = FarLibrary(client)
        assert await library.ready(ahead) == made
        assert library.seconds(made) == pytest.approx(soundfile.info(made).duration)
        version = library.of(place.folder / "flows" / "7")
        recorded = await version.ready(Say("", recording="it/welcome.wav"))
        beep, said, hidden = await library.beep(), await library.ready(value), await library.ready(secret)
        assert all(path.is_file() for path in (recorded, beep, said, hidden))
        assert (said.parent.parent.name, hidden.parent.name) == ("said", "secret")
        assert await library.ready(secret) != hidden, "each time another file"
        library.forget(hidden)
        async with asyncio.timeout(3):
            while hidden.exists():  # noqa: ASYNC110 the other end's work
                await asyncio.sleep(0.05)
        with pytest.raises(PromptError, match="no recording of the flows"):
            await version.ready(Say("", recording="../../../etc/passwd"))
        with pytest.raises(PromptError, match="xx"):
            await library.ready(replace(ahead, language="xx"))
        await place.server.close()
        monkeypatch.setattr(far, "WITHIN", 1.0)
        assert await library.ready(ahead) == made and await library.beep() == beep
        with pytest.raises(PromptError, match="welcome"):
            await library.ready(value)


async def test_a_tape_is_told_there_what_it_would_be_told_here(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far, "WITHIN", 20.0)
    async with Client(await place.server.listen(range(40000, 41000)), TOKEN) as client:
        tape = FarTape(client, place.passes)
        await tape.start("asterisk-1.2", "call", "1", wideband=True)
        await tape.renew("asterisk-1.2", "call", "1", paused=True)
        await tape.pause("asterisk-1.2", False)
        await tape.stop("asterisk-1.2", "call", "1")
        await tape.keep("call", "1", 2.5)
        begun = [("start", "asterisk-1.2", "call", "1", True, False), ("renew", "asterisk-1.2", "call", "1", True)]
        told = [*begun, ("pause", "asterisk-1.2", False), ("stop", "asterisk-1.2", "call", "1")]
        assert place.tape.told == told and place.passed == ["asterisk-1.2"] * 4, "nobody waits for the vault"
        await asyncio.sleep(0.7)
        assert place.tape.told == [*told, ("keep", "call", "1", 2.5)]
        with pytest.raises(AriError, match="no such channel"):
            await tape.start("gone", "call", "1")
        for channel, call in (("a\r\nAction: Originate", "call"), ("a", "../call"), ("a", "call/.."), ("a", "..")):
            with pytest.raises(AriError, match="Expected `str` matching"):
                await tape.start(channel, call, "1")
        await place.server.close()
        monkeypatch.setattr(far, "WITHIN", 1.0)
        with pytest.raises(Disconnected):
            await tape.stop("asterisk-1.2", "call", "1")
        await tape.keep("call", "1", 2.5)  # the sweep finds it
