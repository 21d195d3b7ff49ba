"""Both ends of a link on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import aiohttp
import msgspec
import pytest

from ivr.link import messages as m
from ivr.link.client import Client
from ivr.link.server import Server

TOKEN = "of-the-tests"


class Double(msgspec.Struct):
    number: int


@dataclass(frozen=True)
class Sleep:
    seconds: float


class Shut(msgspec.Struct):
    pass


class Place:
    """A server, and how things stand there."""

    def __init__(self) -> None:
        self.address = ""
        self.stands = {"anna": "ready"}
        self.asked: list[object] = []
        self.server = Server(TOKEN)
        self.server.on(Double, self._double)
        self.server.on(Sleep, self._sleep)
        self.server.on(Shut, self._shut)
        self.server.topic("people", lambda: self.stands.items())

    def _double(self, asked: Double) -> int:
        self.asked.append(asked)
        return asked.number * 2

    async def _sleep(self, asked: Sleep) -> str:
        await asyncio.sleep(asked.seconds)
        return "slept"

    def _shut(self, _: Shut) -> None:
        raise m.Refused("we are shut until Monday")


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    one = Place()
    one.address = await one.server.listen(range(40000, 41000))
    yield one
    await one.server.close()


def client(place: Place, token: str = TOKEN) -> Client:
    return Client(place.address, token)


async def test_questions_are_answered_refused_or_late(place: Place) -> None:
    async with client(place) as one:
        assert await one.ask(Double(21), int) == 42
        with pytest.raises(m.Refused, match="shut until Monday"):
            await one.ask(Shut())
        with pytest.raises(m.Refused, match="Expected `int`"):
            await one.ask(msgspec.defstruct("Double", ["number"])("x"))
        with pytest.raises(m.Refused, match="nobody here answers Unknown"):
            await one.ask(msgspec.defstruct("Unknown", [])())
        with pytest.raises((m.LinkError, m.Refused), match=r"Sleep: .* 0\.2 s"):
            await one.ask(Sleep(5), within=0.2)
        slow = asyncio.create_task(one.ask(Sleep(0.3), str))
        assert await one.ask(Double(1), int) == 2 and not slow.done(), "who takes time lets others pass"
        assert await slow == "slept"


async def test_who_has_another_token_is_not_let_in(place: Place) -> None:
    async with client(place, "guessed") as one:
        with pytest.raises(m.LinkError, match="no answer"):
            await one.ask(Double(1), within=0.5)
    async with aiohttp.ClientSession() as http, http.get(f"http://{place.address}/link") as answer:
        assert answer.status == 401
    assert place.asked == []


async def test_changes_are_watched_across_a_loss_of_the_connection(place: Place) -> None:
    async with client(place) as one, aclosing(one.watch("people", tuple[str, str])) as changes:
        assert await anext(changes) == ("anna", "ready")
        place.server.tell("people", ("anna", "talking"))
        assert await anext(changes) == ("anna", "talking")
        address = place.address
        await place.server.close()
        other = Place()
        other.stands = {"anna": "paused"}
        assert await other.server.listen([int(address.rpartition(":")[2])]) == address
        assert await asyncio.wait_for(anext(changes), 5) == ("anna", "paused"), "how it stands is told again"
        assert await one.ask(Double(2), int) == 4
        await other.server.close()


async def test_a_message_that_is_too_long_is_refused_by_its_sender(place: Place) -> None:
    async with client(place) as one:
        with pytest.raises(m.LinkError, match="too long"):
            await one.ask(msgspec.defstruct("Double", ["number"])("x" * m.LARGEST))
        assert await one.ask(Double(1), int) == 2, "and the link holds"


async def test_who_falls_behind_is_cut_off_and_begins_anew(place: Place) -> None:
    async with client(place) as one, aclosing(one.watch("people", tuple[str, str])) as changes:
        assert await anext(changes) == ("anna", "ready")
        for number in range(m.MOST_WAITING + 200):
            place.server.tell("people", ("anna", str(number)))
        place.stands["anna"] = "at last"
        async with asyncio.timeout(10):
            while await anext(changes) != ("anna", "at last"):
                pass


async def test_a_second_server_takes_the_next_port(place: Place) -> None:
    port = int(place.address.rpartition(":")[2])
    other = Server(TOKEN)
    assert await other.listen(range(port, port + 100)) != place.address
    await other.close()
    with pytest.raises(OSError, match="no port"):
        await Server(TOKEN).listen([port])


async def test_it_tells_whoever_watches_whether_it_is_ready() -> None:
    parts = {"asterisk": True, "store": False}
    server = Server(TOKEN, lambda: parts)
    address = await server.listen(range(40000, 41000))
    async with aiohttp.ClientSession(f"http://{address}") as http:
        async with http.get("/healthz") as answer:
            assert answer.status == 200
        async with http.get("/readyz") as answer:
            assert (answer.status, await answer.json()) == (503, parts)
        parts["store"] = True
        async with http.get("/readyz") as answer:
            assert (answer.status, await answer.json()) == (200, parts)
    await server.close()
